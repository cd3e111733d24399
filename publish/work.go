package publish

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"commonseed/feed"
	"commonseed/license"
	"commonseed/publish/torrentfile"

	"github.com/pelletier/go-toml/v2"
)

// Work is what the author made, as described by the author: flags over the
// files nearest to the media over the channel's file.
type Work struct {
	Paths                              []string // absolute
	Title, Creator                     string
	License                            license.License
	Date                               string // "2026", "2026-05" or "2026-05-01", "" if not given
	Description, Language, Slug, Cover string
	SourceURL, AttributionURL          string
	Tags                               []string
	Links                              []feed.Link
	Files                              []fileLicence
	Allow                              map[string]bool
	PieceLength                        int64 // bytes, 0: chosen

	LicenseFrom string // the flag or file:line that gave the licence
}

// fileLicence is a FileOverride, read.
type fileLicence struct {
	Path, Title, Creator string
	License              license.License // zero: the work's
	From                 string
}

// Lints are the doubts that --allow overrules, and what each is about.
var Lints = map[string]string{
	"relicense":          "a file names another licence than the work, or reserves all rights",
	"restricted-license": "the licence does not let everybody pass the work on freely",
	"empty-file":         "a file is empty",
	"wrong-extension":    "a file is not what its name says",
	"reserved-name":      "a name that Windows keeps for a device",
	"unportable-name":    "a name that Windows cannot store as it is",
	"case-collision":     "names that are one where upper and lower case are the same",
	"long-name":          "a path that is too long for many folders on Windows",
}

// layer is one place that describes a work; the first that speaks wins.
type layer struct {
	Description
	where func(key string) string
	dir   string // what paths are relative to
}

// Works answers with what the flags, the configurations (nearest to the media
// first) and the paths describe: one Work for the given paths; or, without
// paths, those of the first configuration that names any.
func Works(paths []string, flags Description, configs []*Config) ([]Work, error) {
	flagLayer := layer{Description: flags, dir: ".", where: func(key string) string {
		return "--" + strings.ReplaceAll(key, "_", "-")
	}}
	layers := []layer{flagLayer}
	for _, c := range configs {
		layers = append(layers, topLayer(c))
	}
	if len(paths) > 0 {
		layers[0].Paths = paths
		w, err := mergeWork(layers, configs)
		return []Work{w}, err
	}
	for _, c := range configs {
		if len(c.Paths) > 0 {
			w, err := mergeWork(layers, configs)
			return []Work{w}, err
		}
		if len(c.Works) > 0 {
			return listedWorks(c, layers, configs)
		}
	}
	return nil, ErrNoPaths
}

// listedWorks are the [[work]] tables of c.
func listedWorks(c *Config, layers []layer, configs []*Config) ([]Work, error) {
	var works []Work
	for i, d := range c.Works {
		own := layer{Description: d, dir: c.dir(), where: func(key string) string {
			return c.where(fmt.Sprintf("work.%d.%s", i, key))
		}}
		w, err := mergeWork(append([]layer{layers[0], own}, layers[1:]...), configs)
		if err != nil {
			return nil, err
		}
		works = append(works, w)
	}
	return works, nil
}

func topLayer(c *Config) layer {
	return layer{Description: c.Description, dir: c.dir(), where: c.where}
}

// merger reads values through the layers and keeps the first error.
type merger struct {
	layers []layer
	err    error
}

func (m *merger) fail(where, key, value string, err error) {
	if m.err == nil {
		m.err = &ValueError{Where: where, Key: key, Value: value, Err: err}
	}
}

// text is the first value given for a key, and its place.
func (m *merger) text(key string, get func(*Description) string) (value, where string) {
	for i := range m.layers {
		if v := strings.TrimSpace(get(&m.layers[i].Description)); v != "" {
			return v, m.layers[i].where(key)
		}
	}
	return "", ""
}

func (m *merger) url(key string, get func(*Description) string) string {
	v, where := m.text(key, get)
	if v != "" {
		if err := CheckURL(v); err != nil {
			m.fail(where, key, v, err)
		}
	}
	return v
}

func mergeWork(layers []layer, configs []*Config) (Work, error) {
	m := &merger{layers: layers}
	var w Work
	w.Paths = m.paths()
	w.Title, _ = m.text("title", func(d *Description) string { return d.Title })
	w.Creator, _ = m.text("creator", func(d *Description) string { return d.Creator })
	w.Description, _ = m.text("description", func(d *Description) string { return d.Description })
	w.Language, _ = m.text("language", func(d *Description) string { return d.Language })
	w.Cover, _ = m.text("cover", func(d *Description) string { return d.Cover })
	w.SourceURL = m.url("source_url", func(d *Description) string { return d.SourceURL })
	w.AttributionURL = m.url("attribution_url", func(d *Description) string { return d.AttributionURL })
	w.Date = m.date()
	w.Slug = m.slug()
	w.License, w.LicenseFrom = m.license()
	w.Allow = m.allow()
	w.PieceLength = m.pieceLength()
	for i := range layers {
		d := &layers[i].Description
		if w.Tags == nil {
			w.Tags = d.Tags
		}
		if w.Links == nil {
			w.Links = m.links(d.Links, layers[i].where("links"))
		}
		w.Files = append(w.Files, m.files(d.Files, layers[i].where("files"))...)
	}
	fromChannel(&w, configs)
	return w, m.err
}

// fromChannel fills what a channel says of all its works.
func fromChannel(w *Work, configs []*Config) {
	for _, c := range configs {
		if w.Creator == "" {
			w.Creator = c.Channel.Creator
		}
		if w.Language == "" {
			w.Language = c.Channel.Language
		}
	}
}

func (m *merger) paths() []string {
	for _, l := range m.layers {
		if len(l.Paths) == 0 {
			continue
		}
		out := make([]string, 0, len(l.Paths))
		for _, p := range l.Paths {
			if !filepath.IsAbs(p) {
				p = filepath.Join(l.dir, p)
			}
			abs, err := filepath.Abs(p)
			if err != nil {
				m.fail(l.where("paths"), "paths", p, err)
			}
			out = append(out, abs)
		}
		return out
	}
	return nil
}

func (m *merger) license() (license.License, string) {
	v, where := m.text("license", func(d *Description) string { return d.License })
	if v == "" {
		return license.License{}, ""
	}
	l, err := license.Parse(v)
	if err != nil && license.ReservesAll(strings.ReplaceAll(v, "-", " ")) {
		err = ErrReserved
	}
	if err != nil {
		m.fail(where, "license", v, err)
	}
	return l, where
}

func (m *merger) date() string {
	for i := range m.layers {
		d := m.layers[i].Date
		if d == nil || d == "" {
			continue
		}
		text, err := dateText(d)
		if err != nil {
			m.fail(m.layers[i].where("date"), "date", fmt.Sprint(d), err)
		}
		return text
	}
	return ""
}

// dateText takes what TOML and the command line give for a date.
func dateText(v any) (string, error) {
	switch d := v.(type) {
	case int64:
		return dateText(strconv.FormatInt(d, 10))
	case toml.LocalDate:
		return d.String(), nil
	case toml.LocalDateTime:
		return d.LocalDate.String(), nil
	case time.Time:
		return d.Format(time.DateOnly), nil
	case string:
		for _, layout := range []string{"2006", "2006-01", time.DateOnly} {
			if _, err := time.Parse(layout, d); err == nil {
				return d, nil
			}
		}
	}
	return "", fmt.Errorf("is not a date like 2026, 2026-05 or 2026-05-01")
}

// pieceLength is in bytes, 0 if nobody gave one.
func (m *merger) pieceLength() int64 {
	for i := range m.layers {
		given := m.layers[i].PieceLength
		if given == nil || given == "" {
			continue
		}
		n, err := parseSize(fmt.Sprint(given))
		if err == nil {
			err = torrentfile.CheckPieceLength(n)
		}
		if err != nil {
			m.fail(m.layers[i].where("piece_length"), "piece_length", fmt.Sprint(given), err)
		}
		return n
	}
	return 0
}

// parseSize reads a number of bytes: 65536, 64K, 64KiB, 1MiB.
func parseSize(s string) (int64, error) {
	number, unit := strings.ToUpper(strings.ReplaceAll(s, " ", "")), int64(1)
	for suffix, size := range map[string]int64{"K": 1 << 10, "M": 1 << 20} {
		for _, end := range []string{suffix + "IB", suffix} {
			if cut, ok := strings.CutSuffix(number, end); ok {
				number, unit = cut, size
			}
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return 0, errors.New("is not a size like 256KiB or 1MiB")
	}
	return n * unit, nil
}

func (m *merger) slug() string {
	v, where := m.text("slug", func(d *Description) string { return d.Slug })
	if v != "" {
		if err := checkSlug(v); err != nil {
			m.fail(where, "slug", v, err)
		}
	}
	return v
}

func (m *merger) allow() map[string]bool {
	allow := map[string]bool{}
	for _, l := range m.layers {
		for _, lint := range l.Allow {
			if _, known := Lints[lint]; !known {
				m.fail(l.where("allow"), "allow", lint, fmt.Errorf("is no lint"))
			}
			allow[lint] = true
		}
	}
	return allow
}

func (m *merger) links(links []LinkConfig, where string) []feed.Link {
	out, err := readLinks(links, where)
	if err != nil && m.err == nil {
		m.err = err
	}
	return out
}

// readLinks checks the links of a work or of a channel.
func readLinks(links []LinkConfig, where string) ([]feed.Link, error) {
	var out []feed.Link
	for _, l := range links {
		if err := CheckURL(l.URL); err != nil {
			return nil, &ValueError{Where: where, Key: "url", Value: l.URL, Err: err}
		}
		switch l.Rel {
		case "":
			l.Rel = "related"
		case "support", "shop", "home", "source", "related":
		default:
			return nil, &ValueError{Where: where, Key: "rel", Value: l.Rel,
				Err: fmt.Errorf("is none of support, shop, home, source, related")}
		}
		out = append(out, feed.Link{Rel: l.Rel, Title: l.Title, URL: l.URL})
	}
	return out, nil
}

func (m *merger) files(files []FileOverride, where string) []fileLicence {
	var out []fileLicence
	for _, f := range files {
		o := fileLicence{Path: f.Path, Title: f.Title, Creator: f.Creator, From: where}
		if f.License != "" {
			l, err := license.Parse(f.License)
			if err != nil {
				m.fail(where, "license", f.License, err)
			}
			o.License = l
		}
		out = append(out, o)
	}
	return out
}

// CheckURL accepts what may stand in a page or a tag as a link.
func CheckURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return errors.New("is not an http(s) address")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return errors.New("has a port that does not exist")
		}
	}
	if strings.ContainsAny(s, " <>\"\\^`{}|") && !strings.Contains(s, "{slug}") || strings.ContainsFunc(s, unicode.IsControl) {
		return errors.New("holds a character that no address can hold as it is")
	}
	if u.User != nil {
		return errors.New("holds a user name or password, which everybody would read")
	}
	return nil
}

// FindConfigs reads the configurations for these paths, nearest first: in the
// published folder or beside the file, in the working directory, and in the
// channel. A given file stands for all of them.
func FindConfigs(given string, paths []string, channel string) ([]*Config, error) {
	if given != "" {
		c, err := ReadConfig(given)
		if err != nil {
			return nil, err
		}
		return []*Config{c}, nil
	}
	var dirs []string
	if len(paths) == 1 {
		if st, err := os.Stat(paths[0]); err == nil && st.IsDir() {
			dirs = append(dirs, paths[0])
		} else {
			dirs = append(dirs, filepath.Dir(paths[0]))
		}
	}
	var configs []*Config
	var seen []os.FileInfo
	for _, dir := range append(dirs, ".", channel) {
		file := filepath.Join(dir, ConfigName)
		st, err := os.Stat(file)
		if err != nil || known(seen, st) {
			continue
		}
		c, err := ReadConfig(file)
		if err != nil {
			return nil, err
		}
		seen = append(seen, st)
		configs = append(configs, c)
	}
	return configs, nil
}

func known(seen []os.FileInfo, st os.FileInfo) bool {
	for _, s := range seen {
		if os.SameFile(s, st) {
			return true
		}
	}
	return false
}
