package license

import (
	"html"
	"net/url"
	"strconv"
	"strings"
)

// A Notice is what is to be said about the rights in one work. Only License must be given; whatever else is
// missing is left out of the sentences. Addresses that are not http or https are left out as well.
type Notice struct {
	License        License
	Title, Creator string
	Year           int    // of the copyright; 0: not stated
	SourceURL      string // where the work came from, "" if none
	AttributionURL string // where the creator wants credit to link, "" if none
	PageURL        string // the page of the release, "" if none
}

// Attribution is the credit line of Creative Commons' recommended practice: title, author, source, licence.
//
//	"Tide" © 2026 by Ana Ruiz is licensed under CC BY-SA 4.0. https://creativecommons.org/licenses/by-sa/4.0/
//
// A work in the public domain carries no ©, and Creative Commons' marks are not called licences.
func (n Notice) Attribution() string {
	var b strings.Builder
	b.WriteString(n.subject(n.quoted(), oneLine(n.Creator)))
	if !n.License.IsZero() {
		b.WriteString(" is " + n.verb() + " " + n.License.Label + ". " + n.License.URL)
	}
	if source := webAddress(n.SourceURL); source != "" {
		if n.License.IsZero() {
			b.WriteString(".")
		}
		b.WriteString(" Source: " + source)
	}
	return b.String()
}

// AttributionHTML is Attribution as HTML: the title links to the source, else to the page, the creator to the
// attribution address, and the licence to its own with rel="license". Everything is escaped.
func (n Notice) AttributionHTML() string {
	source := webAddress(n.SourceURL)
	if source == "" {
		source = webAddress(n.PageURL)
	}
	title := link(source, "", n.quoted())
	creator := link(webAddress(n.AttributionURL), "", oneLine(n.Creator))
	out := n.subject(title, creator)
	if !n.License.IsZero() {
		out += " is " + n.verb() + " " + link(webAddress(n.License.URL), "license", n.License.Label) + "."
	}
	return out
}

// Copyright is one line for a copyright tag. It begins with the year where there is one, as TCOP wants it
// (ID3v2.4 §4.2.1): "2026 Ana Ruiz. Licensed under CC BY-SA 4.0: https://creativecommons.org/licenses/by-sa/4.0/".
// Where nobody's copyright is stated, as under the Public Domain Mark, year and name are left out.
func (n Notice) Copyright() string {
	var year, creator string
	if n.License.Unit != "mark" && n.License.Unit != "certification" {
		year, creator = n.year(), oneLine(n.Creator)
	}
	sep := ". "
	if creator == "" || strings.HasSuffix(creator, ".") {
		sep = " "
	}
	return join(join(year, " ", creator), sep, n.statement())
}

// UsageTerms is one sentence about what may be done with the work and where to read and to verify it
// (XMP xmpRights:UsageTerms).
func (n Notice) UsageTerms() string {
	var out string
	if !n.License.IsZero() {
		out = "This work is " + n.verb() + " " + n.named() + ": " + n.License.URL
	}
	if page := webAddress(n.PageURL); page != "" && out != "" {
		out += " verify at " + page
	}
	return out
}

// WebStatement is the address of a page about the rights: the release's own, else the licence's.
func (n Notice) WebStatement() string {
	if page := webAddress(n.PageURL); page != "" {
		return page
	}
	return n.License.URL
}

// subject is the work, its year and its creator, as far as they are known.
func (n Notice) subject(title, creator string) string {
	out := title
	if year := n.year(); year != "" && !n.License.PublicDomain() {
		out += " © " + year
	}
	if creator != "" {
		out += " by " + creator
	}
	return out
}

// quoted is the title in quotation marks, or "This work".
func (n Notice) quoted() string {
	title := oneLine(n.Title)
	switch {
	case title == "":
		return "This work"
	case strings.Contains(title, `"`):
		return "“" + title + "”"
	}
	return `"` + title + `"`
}

func (n Notice) year() string {
	if n.Year < 1 || n.Year > 9999 {
		return ""
	}
	return strconv.Itoa(n.Year)
}

func (n Notice) verb() string {
	switch {
	case n.License.PublicDomain() && n.License.CreativeCommons():
		return "marked with"
	case n.License.PublicDomain():
		return "released into the public domain with"
	}
	return "licensed under"
}

// named is the label, for the Public Domain Mark with what it says.
func (n Notice) named() string {
	if n.License.Unit == "mark" {
		return n.License.Label + ", free of known copyright restrictions"
	}
	return n.License.Label
}

func (n Notice) statement() string {
	if n.License.IsZero() {
		return ""
	}
	verb := n.verb()
	return strings.ToUpper(verb[:1]) + verb[1:] + " " + n.named() + ": " + n.License.URL
}

// join puts sep between a and b if both are there.
func join(a, sep, b string) string {
	if a == "" || b == "" {
		sep = ""
	}
	return a + sep + b
}

// webAddress returns a plain http or https address as it stands, else "".
func webAddress(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || s != oneLine(s) || strings.ContainsAny(s, " \"<>`\\") {
		return ""
	}
	return s
}

func link(address, rel, text string) string {
	text = html.EscapeString(text)
	if address == "" {
		return text
	}
	if rel != "" {
		rel = ` rel="` + rel + `"`
	}
	return `<a href="` + html.EscapeString(address) + `"` + rel + `>` + text + `</a>`
}
