package torrentfile

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// A Builder makes a torrent of files that come from anywhere, and in several goes: a
// payload can be copied while it is hashed, and its last files be made of what was
// found out about the others. Not for use by several goroutines at once.
type Builder struct {
	o       Options
	single  bool  // the payload is one file without a folder around it
	all     bool  // there is one Add, of files that were checked
	padded  bool  // a pad follows every file that ends inside a piece
	read    int64 // bytes
	entries []entry
	v1      []byte   // SHA-1 of each piece, file after file as they came
	v2      []digest // the same, as foundV2 has it
}

// NewBuilder wants a piece length in the options: see ChoosePieceLength.
func NewBuilder(o Options) (*Builder, error) {
	if err := checkName(o.Name); err != nil {
		return nil, fmt.Errorf("torrent name %q: %w", o.Name, err)
	}
	if err := CheckPieceLength(o.PieceLength); err != nil {
		return nil, err
	}
	if err := o.Announcement.check(); err != nil {
		return nil, err
	}
	return &Builder{o: o, padded: true}, nil
}

// Add hashes files, on all cores. A torrent of mode V1 takes one Add, because its
// pieces go on from one file into the next, and no Source.Sum. After an error the
// Builder is of no more use.
func (b *Builder) Add(ctx context.Context, sources []Source) error {
	sources = slices.Clone(sources)
	slices.SortFunc(sources, func(a, b Source) int { return comparePaths(a.Path, b.Path) })
	entries := make([]entry, len(sources))
	sums := false
	for i, s := range sources {
		if err := s.check(); err != nil {
			return err
		}
		entries[i] = entry{path: s.Path, length: s.Length, link: s.Link, executable: s.Executable}
		sums = sums || s.Sum != nil
	}
	if b.o.Mode == V1 && (sums || len(b.entries) > 0) {
		return errors.New("a v1 torrent takes one Add, and no sums")
	}
	open := func(entry int) (Content, error) { return sources[entry].Open() }
	if !sums {
		return b.hash(ctx, entries, open, nil)
	}
	return b.hash(ctx, entries, open, func(entry int, sum [sha256Size]byte) {
		if tell := sources[entry].Sum; tell != nil {
			tell(sum)
		}
	})
}

// only makes the torrent of files that are all there is.
func (b *Builder) only(ctx context.Context, entries []entry, open func(int) (Content, error)) (*Torrent, error) {
	b.all, b.padded = true, len(entries) > 1
	if err := b.check(entries); err != nil {
		return nil, err
	}
	if err := b.hash(ctx, entries, open, nil); err != nil {
		return nil, err
	}
	return b.Torrent()
}

// hash hashes entries, which come in torrent order.
func (b *Builder) hash(ctx context.Context, entries []entry, open func(int) (Content, error), sum func(int, [sha256Size]byte)) error {
	lay := b.layout(entries)
	first, n := b.pieces(), lay.numPieces()
	want := b.o.Mode.kinds()
	if want.v1 {
		b.v1 = slices.Grow(b.v1, n*sha1Size)[:len(b.v1)+n*sha1Size]
	}
	if want.v2 {
		b.v2 = slices.Grow(b.v2, n)[:len(b.v2)+n]
	}
	h := hashing{ctx: ctx, lay: &lay, want: want, open: open, progress: b.o.Progress, read: b.read, foundSum: sum,
		foundV1: func(piece int, sum [sha1Size]byte) { copy(b.v1[(first+piece)*sha1Size:], sum[:]) },
		foundV2: func(piece int, sum digest) { b.v2[first+piece] = sum }}
	if err := h.run(); err != nil {
		return err
	}
	for i := range lay.entries {
		e := &lay.entries[i]
		b.read += e.length
		e.offset += int64(first) * lay.pieceLength
	}
	if b.entries == nil {
		b.entries = lay.entries
	} else {
		b.entries = append(b.entries, lay.entries...)
	}
	return nil
}

// pieces is how many there are so far.
func (b *Builder) pieces() int { return max(len(b.v1)/sha1Size, len(b.v2)) }

func (b *Builder) layout(entries []entry) layout {
	if b.o.Mode == V1 {
		return endToEnd(b.o.PieceLength, entries)
	}
	return aligned(b.o.PieceLength, entries, b.padded)
}

// check refuses files that cannot lie in one folder or, for doubt, not in everybody's, and
// a place that pads need.
func (b *Builder) check(entries []entry) error {
	if b.single {
		return b.o.allowed(LintNames(b.o.Name, nil))
	}
	if !b.all && len(entries) < 2 {
		return errors.New("a Builder wants two files at least")
	}
	paths := pathsOf(entries)
	if err := checkUnique(paths); err != nil {
		return err
	}
	if err := checkLinks(entries); err != nil {
		return err
	}
	for _, path := range paths {
		if inPadFolder(path) {
			return fmt.Errorf("%s: the name %q is taken by the padding of torrents (BEP 47)", path, padFolder)
		}
	}
	return b.o.allowed(LintNames(b.o.Name, paths))
}

// allowed is the first doubt that was not overruled.
func (o *Options) allowed(doubts []NameDoubt) error {
	for _, d := range doubts {
		if !slices.Contains(o.Allow, d.Lint) {
			return d
		}
	}
	return nil
}

// Torrent is the torrent of all that was added. A payload of a single file is for
// Build: whether its last piece is padded shows only when nothing follows.
func (b *Builder) Torrent() (*Torrent, error) {
	entries := b.entries
	if inOrder := func(a, b entry) int { return comparePaths(a.path, b.path) }; !slices.IsSortedFunc(entries, inOrder) {
		entries = slices.Clone(entries)
		slices.SortFunc(entries, inOrder)
	}
	if !b.all {
		if err := b.check(entries); err != nil {
			return nil, err
		}
	}
	t := &Torrent{outer: map[string][]byte{}, info: info{name: b.o.Name, license: b.o.License, source: b.o.Source,
		single: b.single, v1: b.o.Mode != V2, v2: b.o.Mode != V1}}
	var hashes []digest
	t.info.pieces, hashes = b.inOrder(entries)
	t.info.layout = b.layout(entries)
	if t.info.layout.total == 0 {
		return nil, errors.New("the payload holds empty files only")
	}
	if t.info.v2 {
		t.info.grow(hashes)
	}
	t.finish(&b.o)
	return t, nil
}

// inOrder puts the hashes into the order of entries, whose offsets say where they
// stand.
func (b *Builder) inOrder(entries []entry) (v1 []byte, v2 []digest) {
	if slices.IsSortedFunc(entries, func(a, b entry) int { return int(min(max(a.offset-b.offset, -1), 1)) }) {
		return b.v1, b.v2
	}
	lay := layout{pieceLength: b.o.PieceLength}
	for _, e := range entries {
		first, n := lay.piecesOf(e)
		if b.v1 != nil {
			v1 = append(v1, b.v1[first*sha1Size:(first+n)*sha1Size]...)
		}
		if b.v2 != nil {
			v2 = append(v2, b.v2[first:first+n]...)
		}
	}
	return v1, v2
}

// finish encodes what was found out.
func (t *Torrent) finish(o *Options) {
	in := &t.info
	t.InfoBytes = in.encode()
	if in.v2 {
		t.outer["piece layers"] = in.encodeLayers()
	}
	if o.CreatedBy != "" {
		t.set("created by", func(w *writer) { w.string(o.CreatedBy) })
	}
	if !o.CreationDate.IsZero() {
		t.set("creation date", func(w *writer) { w.int(o.CreationDate.Unix()) })
	}
	t.Announce(o.Announcement)
}

// grow makes the trees above the hashes of the pieces (BEP 52).
func (in *info) grow(hashes []digest) {
	in.layers = map[digest][]byte{}
	if !slices.ContainsFunc(in.layout.entries, func(e entry) bool { return e.length == 0 || e.length > in.layout.pieceLength }) {
		in.roots = hashes // of very many small files, the same again would be much
		return
	}
	in.roots = make([]digest, len(in.layout.entries))
	pad := padDigest(in.layout.pieceLength)
	for i, e := range in.layout.entries {
		switch first, n := in.layout.piecesOf(e); n {
		case 0:
		case 1:
			in.roots[i] = hashes[first]
		default:
			layer := hashes[first : first+n]
			in.roots[i] = merkleRoot(slices.Clone(layer), pad)
			in.layers[in.roots[i]] = joinDigests(layer)
		}
	}
}
