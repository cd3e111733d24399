package templates

import (
	"strings"

	"commonseed/license"
)

// What stands behind a licence URL: only a licence gives permission; a
// dedication gives the rights up, and a mark states that there are none.
const (
	standingLicence    = "licence"
	standingDedication = "dedication"
	standingMark       = "mark"
)

func newLicense(l license.License) licenseView {
	policy := l.Policy()
	return licenseView{
		Label:    l.Label,
		Name:     l.Name,
		URL:      l.URL,
		Family:   family(l, policy),
		Standing: standing(l),
		Glyphs:   glyphs(l),
		Retired:  workDate(l.Retired).Words,
		May:      points(policy.May()),
		Must:     points(policy.Must()),
	}
}

func standing(l license.License) string {
	switch {
	case l.Unit == "mark", l.Unit == "certification":
		return standingMark
	case l.PublicDomain():
		return standingDedication
	}
	return standingLicence
}

// family is the colour of a licence: the strictest of its terms.
func family(l license.License, p license.Policy) string {
	switch {
	case l.PublicDomain():
		return "pd"
	case !l.CreativeCommons():
		return "other"
	case !p.Adapt:
		return "nd"
	case !p.Commercial:
		return "nc"
	case p.ShareAlike:
		return "sa"
	}
	return "by"
}

func glyphs(l license.License) []string {
	var out []string
	for term := range strings.SplitSeq(l.Unit, "-") {
		switch term {
		case "by", "sa", "nc", "nd", "zero":
			out = append(out, term)
		case "mark", "certification":
			out = append(out, "pd")
		}
	}
	if out == nil && l.PublicDomain() {
		return []string{"zero"}
	}
	if out == nil {
		return []string{"free"}
	}
	return out
}

// points splits "Share: copy and …" into its first word and the rest.
func points(lines []string) []point {
	var out []point
	for _, s := range lines {
		lead, rest, ok := strings.Cut(s, ": ")
		if !ok {
			lead, rest = "", s
		}
		out = append(out, point{Lead: lead, Rest: rest})
	}
	return out
}
