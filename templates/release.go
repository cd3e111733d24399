package templates

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	html "html/template"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"commonseed/feed"
	"commonseed/license"
)

// foldAbove is the number of files from which on their list begins folded.
const foldAbove = 24

// newRelease builds the data of a release page. The page stands in the
// release's own directory, so all its addresses are relative to that.
func newRelease(ch feed.Channel, r feed.Release) (*releaseData, error) {
	pageURL := ""
	if ch.BaseURL != "" {
		pageURL = r.PageURL(ch.BaseURL)
	}
	notice, err := cleanNotice(r, pageURL)
	if err != nil {
		return nil, err
	}
	d := &releaseData{
		Channel:     newHead(ch, "../"),
		Title:       line(r.Title),
		Creator:     line(r.Creator),
		CreatorURL:  webLink(r.AttributionURL),
		Language:    line(r.Language),
		Description: paragraphs(r.Description),
		Tags:        lines(r.Tags),
		Date:        workDate(r.Date),
		Published:   day(r.Published),
		License:     newLicense(notice.License),
		Credit:      credit{Text: notice.Attribution(), HTML: notice.AttributionHTML()},
		Tile:        newTile(r),
		Media:       len(r.Media()),
		Size:        bytesInWords(r.Torrent.Length),
		Torrent:     newTorrent(r, ""),
		SourceURL:   webLink(r.SourceURL),
	}
	d.Support, d.Elsewhere = newLinks(r.Links)
	if r.Links == nil {
		d.Support, _ = newLinks(ch.Links)
	}
	d.addFiles(r)
	d.show(r)
	d.Meta, err = d.newMeta(ch, r)
	return d, err
}

// cleanNotice is the release's notice in a form that may be shown.
func cleanNotice(r feed.Release, pageURL string) (license.Notice, error) {
	n, err := r.Notice(pageURL)
	if err != nil {
		return n, err
	}
	n.Title, n.Creator = line(n.Title), line(n.Creator)
	return n, nil
}

func (d *releaseData) addFiles(r feed.Release) {
	var sums strings.Builder
	for _, f := range r.Files {
		view := newFile(r, f, besidePage)
		d.Mixed = d.Mixed || view.Differs
		d.Files = append(d.Files, view)
		fmt.Fprintf(&sums, "%s  %s\n", view.SHA256, view.Path)
	}
	d.Sums = sums.String()
	d.Folded = len(d.Files) > foldAbove
}

// show decides what the page plays and displays.
func (d *releaseData) show(r feed.Release) {
	d.Kind = "files"
	main, _ := r.MainMedia()
	cover := coverOf(r)
	for _, f := range r.Media() {
		view := newFile(r, f, besidePage)
		if f.Path == cover {
			d.Cover = &view
		}
		if f.Path == main.Path {
			d.Main = &view
		}
		if displayable(f.Type) && (f.Path != r.Cover || kindOf(main.Type) == "image") {
			d.Gallery = append(d.Gallery, view)
		}
		if kind := kindOf(f.Type); kind == kindOf(main.Type) && (kind == "audio" || kind == "video") {
			d.Tracks = append(d.Tracks, view)
		}
	}
	switch kind := kindOf(main.Type); {
	case d.Main == nil:
	case kind == "audio", kind == "video", kind == "document":
		d.Kind = kind
	case displayable(main.Type):
		d.Kind, d.Main = "images", nil
	}
	if len(d.Tracks) > 0 { // an album begins with its first track, not with its longest
		d.Main = &d.Tracks[0]
	}
	if d.Main != nil && len(d.Tracks) <= 1 && (len(d.Tracks) == 1 || d.Media == 1) {
		d.Direct = d.Main
	}
}

// coverOf is the path of the picture that stands for a release: its cover, else
// its main picture; "" if there is none that a browser can show.
func coverOf(r feed.Release) string {
	main, _ := r.MainMedia()
	path := ""
	for _, f := range r.Media() {
		if displayable(f.Type) && (f.Path == r.Cover || path == "" && f.Path == main.Path) {
			path = f.Path
		}
	}
	return path
}

// besidePage is the address of a payload file as seen from the release page.
func besidePage(r feed.Release, path string) string {
	return strings.TrimPrefix(r.FileURL("", path), r.Slug+"/")
}

func newFile(r feed.Release, f feed.File, href func(feed.Release, string) string) fileView {
	view := fileView{
		Name:    line(f.Title),
		Path:    line(f.Path),
		Href:    href(r, f.Path),
		Kind:    kindOf(f.Type),
		Type:    bareType(f.Type),
		Words:   typeInWords(f.Type),
		Size:    bytesInWords(f.Size),
		SHA256:  line(f.SHA256),
		Creator: line(f.Creator),
	}
	if view.Name == "" {
		name := path.Base(f.Path)
		view.Name = line(strings.TrimSuffix(name, path.Ext(name)))
	}
	if view.Name == "" { // ".ogg"
		view.Name = view.Path
	}
	if f.License != "" {
		l := licenseOf(f.License)
		view.License, view.Differs = &l, f.License != r.License
	}
	return view
}

// licenseOf is the licence at a URL; one that the catalogue does not hold is
// shown by its URL.
func licenseOf(url string) licenseView {
	if l, err := license.Parse(url); err == nil {
		return newLicense(l)
	}
	return licenseView{Label: line(url), Name: line(url), URL: webLink(url), Family: "other", Standing: standingLicence}
}

func newTorrent(r feed.Release, base string) torrentView {
	href := r.TorrentURL(base)
	if base == "" {
		href = strings.TrimPrefix(href, r.Slug+"/")
	}
	return torrentView{
		Href:       href,
		File:       line(r.Torrent.File),
		Size:       bytesInWords(r.Torrent.Size),
		Name:       line(r.Torrent.Name),
		Magnet:     magnet(r.Torrent.Magnet),
		InfohashV1: line(r.Torrent.InfohashV1),
		InfohashV2: line(r.Torrent.InfohashV2),
		Trackers:   lines(r.Torrent.Trackers),
		WebSeeds:   lines(r.Torrent.WebSeeds),
	}
}

func lines(in []string) []string {
	var out []string
	for _, s := range in {
		if s = line(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// newTile draws a work's tile from its identity, which outlives new versions.
func newTile(r feed.Release) tile {
	h := fnv.New32a()
	h.Write([]byte(r.ID + r.Slug))
	sum := h.Sum32()
	return tile{Letter: initial(r.Title), Turn: int(sum % 360), Tone: int(sum / 360 % 3)}
}

// initial is the first letter or digit of a title with the marks upon it.
func initial(title string) string {
	title = clean(title)
	start := strings.IndexFunc(title, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
	if start < 0 {
		return ""
	}
	_, size := utf8.DecodeRuneInString(title[start:])
	marks := strings.IndexFunc(title[start+size:], func(r rune) bool { return !unicode.IsMark(r) })
	if marks < 0 {
		marks = len(title) - start - size
	}
	return strings.ToUpper(title[start : start+size+marks])
}

func (d *releaseData) newMeta(ch feed.Channel, r feed.Release) (meta, error) {
	m := meta{
		Title:       d.Title,
		Description: summary(r.Description, 200),
		Type:        map[string]string{"audio": "music.song", "video": "video.other"}[d.Kind],
	}
	if m.Type == "" {
		m.Type = "article"
	}
	if m.Description == "" {
		m.Description = summary(d.Credit.Text, 200)
	}
	data, err := feed.CreativeWork(r, ch.BaseURL)
	if err != nil {
		return m, fmt.Errorf("release %q: metadata: %w", r.Slug, err)
	}
	if m.JSONLD, err = scriptJSON(data); err != nil {
		return m, fmt.Errorf("release %q: metadata: %w", r.Slug, err)
	}
	if ch.BaseURL == "" {
		return m, nil
	}
	m.Canonical = r.PageURL(ch.BaseURL)
	if cover := coverOf(r); cover != "" {
		m.Image, m.ImageAlt = r.FileURL(ch.BaseURL, cover), d.Title
	}
	if d.Main != nil && len(d.Tracks) > 0 {
		address := m.Canonical + d.Main.Href
		switch d.Kind {
		case "audio":
			m.Audio, m.StreamType = address, d.Main.Type
		case "video":
			m.Video, m.StreamType = address, d.Main.Type
		}
	}
	return m, nil
}

// scriptJSON makes JSON safe inside a script element: no "<", ">" or "&" stays,
// so that no value of it can end the element, and nothing that XML cannot carry.
func scriptJSON(data []byte) (html.JS, error) {
	var compact, safe bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return "", err
	}
	json.HTMLEscape(&safe, compact.Bytes())
	return html.JS(clean(safe.String())), nil
}
