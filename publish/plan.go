package publish

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"commonseed/feed"
	"commonseed/internal/mediatype"
	"commonseed/license"
	"commonseed/license/stamp"
	"commonseed/publish/torrentfile"

	"golang.org/x/sync/errgroup"
)

// Plan is every decision about a Work, made before anything is written. What
// follows carries it out and decides nothing.
type Plan struct {
	Channel     *Channel
	Work        Work
	Slug        string
	Name        string // of the payload folder
	Cover       string // path in the payload, "" if none
	Notice      license.Notice
	Files       []PlannedFile
	Skipped     []string // paths left out, with the reason
	PieceLength int64    // of the torrent, bytes

	existing *Release // a release of this slug that may be the same
}

// PlannedFile is a file of the payload and what will be stamped into it.
type PlannedFile struct {
	source
	Type       string // media type, without parameters
	Notice     license.Notice
	Stamp      *stamp.Stamped // nil: a sidecar of the creator's own, taken as it is
	Executable bool           // a program, which media never are, whatever their disk says
}

// sidecarPath is where the sidecar of a file stands that cannot be stamped.
func (f *PlannedFile) sidecarPath() string { return f.Path + ".license" }

// Size is what the file will have in the payload, in bytes.
func (f PlannedFile) Size() int64 {
	if f.Stamp != nil && f.Stamp.Sidecar == nil {
		return f.Stamp.Patch.Size()
	}
	return f.state.Size
}

// Length is the size of all files, without what the bundle adds.
func (p *Plan) Length() int64 {
	var n int64
	for _, f := range p.Files {
		n += f.Size()
	}
	return n
}

// MakePlan decides all about a work and writes nothing. The error lists every
// problem found, so that they can be mended in one go.
func MakePlan(ctx context.Context, ch *Channel, w Work) (*Plan, error) {
	g := gather(w.Paths, w.Allow)
	problems := g.problems
	if w.Title == "" && len(w.Paths) == 1 {
		w.Title = defaultTitle(w.Paths[0])
	}
	problems = append(problems, checkWork(w)...)
	if len(problems) > 0 {
		return nil, problems.err()
	}
	p := &Plan{Channel: ch, Work: w, Slug: w.Slug, Name: folderName(w.Creator, w.Title), Skipped: g.skipped}
	if p.Slug == "" {
		p.Slug = slugOf(w.Title)
	}
	g.name(p.Name)
	p.Notice = license.Notice{License: w.License, Title: w.Title, Creator: w.Creator, Year: yearOf(w.Date),
		SourceURL: w.SourceURL, AttributionURL: w.AttributionURL, PageURL: ch.pageURL(p.Slug)}
	if err := p.record().CheckDescription(); err != nil {
		g.problems = append(g.problems, err)
	}
	g.problems = append(g.problems, p.addFiles(g.files)...)
	if err := p.findCover(); err != nil {
		g.problems = append(g.problems, err)
	}
	if len(g.problems) > 0 {
		return nil, g.problems.err()
	}
	if errs := p.prepare(ctx); len(errs) > 0 {
		return nil, errs.err()
	}
	if errs := p.lintSidecars(); len(errs) > 0 {
		return nil, errs.err()
	}
	p.PieceLength = p.choosePieceLength()
	return p, p.findExisting()
}

// lintSidecars doubts the names of the sidecars that are made, beside all others: those
// were doubted before their files were read.
func (p *Plan) lintSidecars() (problems Problems) {
	var paths []string
	for i := range p.Files {
		f := &p.Files[i]
		paths = append(paths, f.Path)
		if f.Stamp != nil && len(f.Stamp.Sidecar) > 0 {
			paths = append(paths, f.sidecarPath())
		}
	}
	if len(paths) == len(p.Files) {
		return nil
	}
	for _, d := range torrentfile.LintNames(p.Name, paths) {
		if !p.Work.Allow[d.Lint] {
			problems = append(problems, &DoubtError{d.Lint, d.Error()})
		}
	}
	return problems
}

// choosePieceLength suits the payload, unless the creator gave one. What a release adds
// is small.
func (p *Plan) choosePieceLength() int64 {
	if p.Work.PieceLength != 0 {
		return p.Work.PieceLength
	}
	lengths := []int64{0, 0} // LICENSE.txt and metadata.json: the payload is never a lone file
	for i := range p.Files {
		lengths = append(lengths, p.Files[i].Size())
	}
	return torrentfile.ChoosePieceLength(lengths)
}

func defaultTitle(p string) string {
	st, err := os.Stat(p)
	return titleOf(filepath.Base(p), err == nil && st.IsDir())
}

// checkWork finds what a work lacks, and a licence that is not published.
func checkWork(w Work) (problems Problems) {
	doubt := func(lint, msg string) {
		if !w.Allow[lint] {
			problems = append(problems, &DoubtError{lint, msg})
		}
	}
	switch {
	case w.License.IsZero():
		problems = append(problems, ErrNoLicense)
	case w.License.Policy().Refused != "":
		problems = append(problems, &RefusedError{w.License, w.License.Policy().Refused})
	case w.License.Policy().Warning != "":
		doubt("restricted-license", w.License.Label+": "+w.License.Policy().Warning)
	}
	if w.Creator == "" && !w.License.IsZero() && !w.License.PublicDomain() {
		problems = append(problems, ErrNoCreator)
	}
	if w.Title == "" {
		problems = append(problems, ErrNoTitle)
	} else if err := checkName(w.Title); err != nil && !strings.Contains(w.Title, "/") {
		problems = append(problems, err)
	}
	if err := checkText(w.Creator); err != nil {
		problems = append(problems, err)
	}
	return problems
}

// checkText refuses a creator's name that no tag could hold.
func checkText(s string) error {
	err := checkName("x" + s)
	if e, ok := err.(*NameError); ok && !strings.Contains(s, "/") {
		return &NameError{s, e.Why}
	}
	return nil
}

func yearOf(date string) int {
	year, _, _ := strings.Cut(date, "-")
	n, _ := strconv.Atoi(year)
	return n
}

// pageURL is the release's page at the configured address. An address that
// only holds while one process runs is never stamped into a file.
func (c *Channel) pageURL(slug string) string {
	if c.Config.Channel.BaseURL == "" {
		return ""
	}
	return normalBase(c.Config.Channel.BaseURL) + slug + "/"
}

// addFiles joins each file with what it says other than its work.
func (p *Plan) addFiles(files []source) (problems Problems) {
	used := map[string]bool{}
	for _, f := range files {
		n, from := p.Notice, p.Work.LicenseFrom
		for _, o := range p.Work.Files {
			if o.Path != f.Path {
				continue
			}
			used[o.Path] = true
			if !o.License.IsZero() {
				n.License, from = o.License, o.From
			}
			if o.Title != "" {
				n.Title = o.Title
			}
			if o.Creator != "" {
				n.Creator = o.Creator
			}
			break
		}
		if why := n.License.Policy().Refused; why != "" {
			problems = append(problems, &FileError{f.Path, from, &RefusedError{n.License, why}})
		}
		p.Files = append(p.Files, PlannedFile{source: f, Type: mediatype.Bare(f.Path), Notice: n})
	}
	for _, o := range p.Work.Files {
		if !used[o.Path] {
			problems = append(problems, &ValueError{o.From, "path", o.Path, errors.New("names no file of the work")})
		}
	}
	return problems
}

// findCover takes the cover named, or the image that bears a cover's usual name.
func (p *Plan) findCover() error {
	for _, f := range p.Files {
		stem := strings.ToLower(strings.TrimSuffix(path.Base(f.Path), path.Ext(f.Path)))
		usual := slices.Contains([]string{"cover", "folder", "front"}, stem) && strings.HasPrefix(f.Type, "image/")
		if f.Path == p.Work.Cover || p.Work.Cover == "" && usual {
			p.Cover = f.Path
			return nil
		}
	}
	if p.Work.Cover != "" {
		return &ValueError{"the work", "cover", p.Work.Cover, errors.New("names no file of the work")}
	}
	return nil
}

// prepare works out and proves every stamp, on all cores.
func (p *Plan) prepare(ctx context.Context) Problems {
	sidecars := p.ownSidecars()
	errs := make([]error, len(p.Files))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i := range p.Files {
		f := &p.Files[i]
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			errs[i] = f.prepare(p.Work.Allow, sidecars[f.Path])
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return Problems{err}
	}
	var problems Problems
	for i, err := range errs {
		if err != nil {
			problems = append(problems, &FileError{p.Files[i].Path, p.fromOf(p.Files[i].Path), err})
		}
	}
	return problems
}

// fromOf names the place that gave a file its licence.
func (p *Plan) fromOf(path string) string {
	for _, o := range p.Work.Files {
		if o.Path == path && !o.License.IsZero() {
			return o.From
		}
	}
	return p.Work.LicenseFrom
}

// ownSidecars maps each sidecar that the creator brought along to "" and each
// file that has one to the sidecar's source.
func (p *Plan) ownSidecars() map[string]string {
	abs := map[string]string{}
	for _, f := range p.Files {
		abs[f.Path] = f.Abs
	}
	own := map[string]string{}
	for path, file := range abs {
		base, isSidecar := strings.CutSuffix(path, ".license")
		if _, ok := abs[base]; isSidecar && ok {
			own[base], own[path] = file, "self"
		}
	}
	return own
}

// prepare fills in the stamp. sidecar is the creator's own NAME.license for
// this file, "self" if the file is one, or "".
func (f *PlannedFile) prepare(allow map[string]bool, sidecar string) error {
	if sidecar == "self" {
		return nil
	}
	src, err := os.Open(f.Abs)
	if err != nil {
		return err
	}
	defer src.Close()
	return f.prepareFrom(src, allow, sidecar)
}

// prepareFrom is prepare for a file that is no sidecar, with what it holds.
func (f *PlannedFile) prepareFrom(src io.ReaderAt, allow map[string]bool, sidecar string) error {
	relicense := allow["relicense"]
	if f.state.Size == 0 { // allowed as it is: nothing to stamp, its sidecar says it all
		f.Stamp = &stamp.Stamped{Format: "sidecar", Places: []string{"sidecar"}, Sidecar: stamp.SidecarText(f.Notice)}
		return nil
	}
	s, err := stamp.Prepare(src, f.state.Size, f.Notice, relicense)
	if err != nil {
		return err
	}
	if err := rightName(f.Path, s.Format, allow); err != nil {
		return err
	}
	f.Type = detectedType(f.Type, s.Format)
	f.Executable = f.executable && s.Sidecar != nil
	if s.Sidecar != nil && len(path.Base(f.sidecarPath())) > maxName {
		return &NameError{path.Base(f.Path), "leaves no room for that of its sidecar"}
	}
	if sidecar != "" && s.Sidecar != nil {
		if err := agrees(sidecar, f.Notice.License, relicense); err != nil {
			return err
		}
		s.Sidecar = []byte{}
	}
	f.Stamp = s
	return nil
}

// agrees reads a sidecar of the creator's own: it must say what the work says.
func agrees(file string, want license.License, relicense bool) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	found, err := stamp.ReadSidecar(data)
	if err != nil {
		return err
	}
	if c := stamp.Conflict(found, want); c != nil {
		if relicense {
			return &SidecarError{filepath.Base(file), "names another licence"}
		}
		return c
	}
	for _, s := range found {
		if s.License.ID == want.ID {
			return nil
		}
	}
	return &SidecarError{filepath.Base(file), "does not name " + want.Label}
}

// findExisting looks at a release of the same slug: one that may be the same is
// finished by this publish, any other is a conflict, found before a byte is
// copied.
func (p *Plan) findExisting() error {
	dir := filepath.Join(p.Channel.Public(), p.Slug)
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	r, err := ReadRelease(dir)
	if err != nil {
		return &ExistsError{p.Slug, dir}
	}
	sizes := map[string]int64{}
	for _, f := range r.Files {
		sizes[f.Path] = f.Size
	}
	same := r.Torrent.Name == p.Name && r.License == p.Work.License.URL
	for _, f := range p.Files {
		size, ok := sizes[f.Path]
		same = same && ok && size == f.Size()
	}
	if !same {
		return &ExistsError{p.Slug, dir}
	}
	p.existing = r
	return nil
}

// record is the release as far as the plan knows it: without hashes and torrent.
func (p *Plan) record() feed.Release {
	w := p.Work
	return feed.Release{Format: 1, Slug: p.Slug, Title: w.Title, Creator: w.Creator, Description: w.Description,
		Language: w.Language, Date: w.Date, License: w.License.URL, SourceURL: w.SourceURL,
		AttributionURL: w.AttributionURL, Links: w.Links, Tags: w.Tags, Cover: p.Cover}
}
