package feed

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"
	"unique"
)

// List is the releases of a channel, as feeds and pages go through them. There may
// be too many to hold: only the heads are known of all at once, and each release is
// read when its turn comes.
type List struct {
	Heads []Head                       // in any order
	Read  func(i int) (Release, error) // the release of Heads[i]
}

// Head is what is kept of a release where all are needed at once.
type Head struct {
	Slug      string
	Creator   string
	Language  string
	License   string
	Cover     string // path under public/, "" if none
	Published time.Time
	Length    int64 // payload, bytes

	id, infohash string
	main         kind // of the main media
	playable     bool // there is some media
}

// Head answers with the release's.
func (r Release) Head() Head {
	shared := func(s string) string { return unique.Make(s).Value() } // most releases have the same
	h := Head{Slug: r.Slug, Creator: shared(r.Creator), Language: shared(r.Language), License: shared(r.License),
		Published: r.Published, Length: r.Torrent.Length, id: r.ID, infohash: r.Torrent.InfohashV1}
	main, ok := r.MainMedia()
	h.main, h.playable = main.kind(), ok
	if r.Cover != "" {
		h.Cover = strings.Join([]string{r.Slug, "files", r.Torrent.Name, r.Cover}, "/")
	}
	return h
}

// ListOf lists releases that are in memory.
func ListOf(rels []Release) List {
	l := List{Heads: make([]Head, len(rels)), Read: func(i int) (Release, error) { return rels[i], nil }}
	for i, r := range rels {
		l.Heads[i] = r.Head()
	}
	return l
}

// Newest are the indices of the heads, those of the newest releases first.
func (l List) Newest() []int {
	order := make([]int, len(l.Heads))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := &l.Heads[i], &l.Heads[j]
		return cmp.Or(b.Published.Compare(a.Published), strings.Compare(a.Slug, b.Slug))
	})
	return order
}

// ahead is how many releases are read while others are still made use of.
const ahead = 64

// Each reads the releases with these indices, in their order.
func (l List) Each(indices []int) iter.Seq2[Release, error] {
	type read struct {
		r   Release
		err error
	}
	return func(yield func(Release, error) bool) {
		reads, done := make(chan read, ahead), make(chan struct{})
		go func() {
			defer close(reads)
			for _, i := range indices {
				r, err := l.Read(i)
				select {
				case reads <- read{r, err}:
				case <-done:
					return
				}
			}
		}()
		defer func() {
			close(done)
			for range reads { // until the reading has ended
			}
		}()
		for got := range reads {
			if !yield(got.r, got.err) {
				return
			}
		}
	}
}
