package templates

import (
	"bytes"
	"io"
	"strings"
	text "text/template"

	"commonseed/feed"
)

// noticeData is what license.txt sees.
type noticeData struct {
	Title, Creator string
	License        licenseView
	Credit         credit
	SourceURL      string
	CreatorURL     string
	Links          []linkView
	Others         []otherTerms // files that are not under License
}

// otherTerms is a licence that only some files of a bundle have.
type otherTerms struct {
	License licenseView
	Files   []noticeFile
}

type noticeFile struct{ Path, Title, Creator string }

var noticeFuncs = text.FuncMap{
	"underline": func(s string) string { return strings.Repeat("=", min(displayWidth(s), columns)) },
}

// LicenseText writes LICENSE.txt, the notice in words that travels inside the
// bundle: UTF-8, 76 columns, and always the same for the same record. r needs no
// torrent yet. Errors are those of ReleasePage.
func (s *Set) LicenseText(w io.Writer, r feed.Release) error {
	n, err := cleanNotice(r, "")
	if err != nil {
		return err
	}
	support, elsewhere := newLinks(r.Links)
	data := noticeData{
		Title:      n.Title,
		Creator:    n.Creator,
		License:    newLicense(n.License),
		Credit:     credit{Text: n.Attribution(), HTML: n.AttributionHTML()},
		SourceURL:  webLink(r.SourceURL),
		CreatorURL: webLink(r.AttributionURL),
		Links:      append(support, elsewhere...),
		Others:     newOthers(r),
	}
	var out bytes.Buffer
	if err := s.notice.Execute(&out, data); err != nil {
		return s.locate(err)
	}
	_, err = io.WriteString(w, wrap(out.String(), columns))
	return err
}

// newOthers groups the files under other licences, in the order of appearance.
func newOthers(r feed.Release) []otherTerms {
	var out []otherTerms
	at := map[string]int{}
	for _, f := range r.Media() {
		if f.License == "" || f.License == r.License {
			continue
		}
		i, known := at[f.License]
		if !known {
			i = len(out)
			at[f.License] = i
			out = append(out, otherTerms{License: licenseOf(f.License)})
		}
		out[i].Files = append(out[i].Files, noticeFile{Path: line(f.Path), Title: line(f.Title), Creator: line(f.Creator)})
	}
	return out
}
