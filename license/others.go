package license

import "strings"

// A family is a licence that is not Creative Commons', in all the versions worth knowing.
type family struct {
	names   string // the names it goes by without a version, separated by "|"
	single  bool   // there has only ever been one version: the name alone is enough
	loose   bool   // the names are also plain words ("MIT"): not looked for in free text
	policy  Policy
	members []member // newest first
}

type member struct {
	id, version      string // version: as spoken, "" if there is none
	label, name, url string
	also             string // other addresses, space-separated, without scheme and "www."
	policy           *Policy
}

var (
	attribution = Policy{Redistribute: true, Commercial: true, Adapt: true, Attribution: true}
	shareAlike  = Policy{Redistribute: true, Commercial: true, Adapt: true, Attribution: true, ShareAlike: true}
	anything    = Policy{Redistribute: true, Commercial: true, Adapt: true}
	notices     = attribution.with(
		"Keep the notices: pass on the copyright notice and the text of the licence")
	copyleft = shareAlike.with(
		"Keep the notices: pass on the copyright notice and the text of the licence",
		"Give the source: whoever gets the program can get its source code")
	// CDLA-Permissive-2.0 asks for nothing but its own text.
	cdlaText = anything.with("Keep the licence: pass on its text or a link to it")
	fonts    = shareAlike.with("Not on its own: the font may not be sold by itself")
	gfdlText = shareAlike.with("Keep the licence: pass on its text")
	gfdlFix  = gfdlText.with("Keep the Invariant Sections and cover texts: they may not be changed or left out")
)

var mediaFamilies = []family{
	{names: "LAL|Free Art License|Free Art Licence|Licence Art Libre|Art Libre", policy: shareAlike, members: []member{
		{id: "LAL-1.3", version: "1.3", label: "Free Art License 1.3", name: "Licence Art Libre 1.3",
			url: "https://artlibre.org/licence/lal/", also: "artlibre.org/licence/lal/en artlibre.org/licence/lal/licence-art-libre-13 artlibre.org/lal artlibre.org/lal/en"},
		{id: "LAL-1.2", version: "1.2", label: "Free Art License 1.2", name: "Licence Art Libre 1.2",
			url: "https://artlibre.org/licence/lal/licence-art-libre-12/"},
	}},
	{names: gfdlNames, policy: gfdlText, members: gfdl()},
	{names: "OFL|SIL OFL|Open Font License|SIL Open Font License", policy: fonts, members: []member{
		{id: "OFL-1.1", version: "1.1", label: "SIL OFL 1.1", name: "SIL Open Font License 1.1",
			url:  "https://openfontlicense.org/open-font-license-official-text/",
			also: "openfontlicense.org scripts.sil.org/OFL scripts.sil.org/OFL_web opensource.org/license/ofl-1-1"},
	}},
	{names: "OGL|OGL UK|Open Government Licence|UK Open Government Licence", policy: attribution, members: []member{
		ogl("3"), ogl("2"), ogl("1"),
	}},
}

var dataFamilies = []family{
	{names: "ODbL|Open Database License|ODC ODbL|Open Data Commons Open Database License", single: true, policy: shareAlike, members: []member{
		{id: "ODbL-1.0", version: "1.0", label: "ODbL 1.0", name: "Open Data Commons Open Database License v1.0",
			url: "https://opendatacommons.org/licenses/odbl/1-0/", also: "opendatacommons.org/licenses/odbl opendatacommons.org/licenses/odbl/1.0 opendatacommons.org/licenses/odbl/summary"},
	}},
	{names: "ODC By|ODC Attribution|Open Data Commons Attribution License", single: true, policy: attribution, members: []member{
		{id: "ODC-By-1.0", version: "1.0", label: "ODC-By 1.0", name: "Open Data Commons Attribution License v1.0",
			url: "https://opendatacommons.org/licenses/by/1-0/", also: "opendatacommons.org/licenses/by opendatacommons.org/licenses/by/1.0 opendatacommons.org/licenses/by/summary"},
	}},
	{names: "PDDL|ODC PDDL|Open Data Commons Public Domain Dedication & License|Open Data Commons Public Domain Dedication and Licence", single: true, policy: anything, members: []member{
		{id: "PDDL-1.0", version: "1.0", label: "PDDL 1.0", name: "Open Data Commons Public Domain Dedication & License 1.0",
			url: "https://opendatacommons.org/licenses/pddl/1-0/", also: "opendatacommons.org/licenses/pddl opendatacommons.org/licenses/pddl/1.0 opendatacommons.org/licenses/pddl/summary"},
	}},
	{names: "Etalab|Licence Ouverte|Etalab Open License|Open Licence Etalab|Licence Ouverte Open Licence", policy: attribution, members: []member{
		{id: "etalab-2.0", version: "2.0", label: "Licence Ouverte 2.0", name: "Etalab Open License 2.0",
			url:  "https://www.etalab.gouv.fr/licence-ouverte-open-licence",
			also: "etalab.gouv.fr/wp-content/uploads/2017/04/ETALAB-Licence-Ouverte-v2.0.pdf etalab.gouv.fr/wp-content/uploads/2018/11/open-licence.pdf github.com/DISIC/politique-de-contribution-open-source/blob/master/LICENSE.pdf"},
	}},
	{names: "DL DE BY|Datenlizenz Deutschland Namensnennung|Data licence Germany attribution", policy: attribution, members: []member{
		{id: "DL-DE-BY-2.0", version: "2.0", label: "DL-DE BY 2.0", name: "Data licence Germany – attribution – version 2.0",
			url: "https://www.govdata.de/dl-de/by-2-0"},
	}},
	{names: "DL DE ZERO|Datenlizenz Deutschland Zero|Data licence Germany zero", policy: anything, members: []member{
		{id: "DL-DE-ZERO-2.0", version: "2.0", label: "DL-DE Zero 2.0", name: "Data licence Germany – zero – version 2.0",
			url: "https://www.govdata.de/dl-de/zero-2-0"},
	}},
	{names: "CDLA Permissive|Community Data License Agreement Permissive", policy: notices, members: []member{
		{id: "CDLA-Permissive-2.0", version: "2.0", label: "CDLA Permissive 2.0", name: "Community Data License Agreement Permissive 2.0",
			url: "https://cdla.dev/permissive-2-0/", also: "cdla.io/permissive-2-0", policy: &cdlaText},
		{id: "CDLA-Permissive-1.0", version: "1.0", label: "CDLA Permissive 1.0", name: "Community Data License Agreement Permissive 1.0",
			url: "https://cdla.dev/permissive-1-0/", also: "cdla.io/permissive-1-0"},
	}},
	{names: "CDLA Sharing|Community Data License Agreement Sharing", single: true, policy: shareAlike, members: []member{
		{id: "CDLA-Sharing-1.0", version: "1.0", label: "CDLA Sharing 1.0", name: "Community Data License Agreement Sharing 1.0",
			url: "https://cdla.dev/sharing-1-0/", also: "cdla.io/sharing-1-0"},
	}},
}

// The code families are for the programs that come with a lecture or a game.
var codeFamilies = []family{
	{names: "Unlicense", single: true, policy: anything, members: []member{
		{id: "Unlicense", label: "The Unlicense", name: "The Unlicense", url: "https://unlicense.org/", also: "opensource.org/license/unlicense"},
	}},
	{names: "0BSD|Zero Clause BSD|BSD Zero Clause", single: true, loose: true, policy: anything, members: []member{
		{id: "0BSD", label: "0BSD", name: "BSD Zero Clause License", url: "https://opensource.org/license/0bsd"},
	}},
	{names: "MIT|Expat", single: true, loose: true, policy: notices, members: []member{
		{id: "MIT", label: "MIT", name: "MIT License", url: "https://opensource.org/license/mit", also: "mit-license.org opensource.org/licenses/mit-license.php"},
	}},
	{names: "BSD 2 Clause|Simplified BSD|FreeBSD", single: true, loose: true, policy: notices, members: []member{
		{id: "BSD-2-Clause", label: "BSD 2-Clause", name: `BSD 2-Clause "Simplified" License`, url: "https://opensource.org/license/bsd-2-clause"},
	}},
	{names: "BSD 3 Clause|New BSD|Modified BSD", single: true, loose: true, policy: notices, members: []member{
		{id: "BSD-3-Clause", label: "BSD 3-Clause", name: `BSD 3-Clause "New" or "Revised" License`, url: "https://opensource.org/license/bsd-3-clause"},
	}},
	{names: "Apache|Apache License|ASL", policy: notices, members: []member{
		{id: "Apache-2.0", version: "2.0", label: "Apache 2.0", name: "Apache License 2.0",
			url: "https://www.apache.org/licenses/LICENSE-2.0", also: "opensource.org/license/apache-2-0"},
	}},
	{names: "MPL|Mozilla Public License", policy: copyleft, members: []member{
		{id: "MPL-2.0", version: "2.0", label: "MPL 2.0", name: "Mozilla Public License 2.0",
			url: "https://www.mozilla.org/MPL/2.0/", also: "mozilla.org/en-US/MPL/2.0 opensource.org/license/mpl-2-0"},
	}},
	{names: "GPL|GNU GPL|GNU General Public License", policy: copyleft,
		members: gnu("GPL", "GNU General Public License", "3.0 2.0")},
	{names: "AGPL|GNU AGPL|GNU Affero General Public License", policy: copyleft,
		members: gnu("AGPL", "GNU Affero General Public License", "3.0")},
}

const gfdlNames = "GFDL|GNU FDL|GNU Free Documentation License"

func ogl(n string) member {
	address := "nationalarchives.gov.uk/doc/open-government-licence/version/" + n
	return member{id: "OGL-UK-" + n + ".0", version: n + ".0", label: "OGL UK " + n + ".0",
		name: "Open Government Licence v" + n + ".0", url: "https://www." + address + "/"}
}

// gfdl lists the GNU Free Documentation License as SPDX does: three versions, with and without a word about
// invariant sections, and each "only" or "or later". Only the plain "only" ones have a page of their own at
// gnu.org; the others are told apart by SPDX's pages.
func gfdl() []member {
	var out []member
	for _, variant := range []string{"", "no invariants", "invariants"} {
		for _, m := range gnu("GFDL", "GNU Free Documentation License", "1.3 1.2 1.1") {
			if variant != "" {
				slug := "-" + strings.ReplaceAll(variant, " ", "-")
				m.id = strings.Replace(m.id, m.version, m.version+slug, 1)
				m.url, m.also = "https://spdx.org/licenses/"+m.id+".html", ""
				m.label += ", " + variant
				m.name += " - " + variant
			}
			if variant == "invariants" {
				m.policy = &gfdlFix
			}
			out = append(out, m)
		}
	}
	return out
}

// gnu lists versions of a GNU licence, newest first, each as "or later" and as "only".
func gnu(short, name, versions string) []member {
	var out []member
	for v := range strings.FieldsSeq(versions) {
		file := strings.Replace(strings.ToLower(short), "gfdl", "fdl", 1) + "-" + v
		page := "gnu.org/licenses/" + file
		if newest, _, _ := strings.Cut(versions, " "); v != newest {
			page = "gnu.org/licenses/old-licenses/" + file
		}
		id := short + "-" + v
		out = append(out,
			member{id: id + "-or-later", version: v, label: short + " " + v + " or later", name: name + " v" + v + " or later",
				url: "https://spdx.org/licenses/" + id + "-or-later.html"},
			member{id: id + "-only", version: v, label: short + " " + v + " only", name: name + " v" + v + " only",
				url: "https://www." + page + ".html", also: gnuPages(file)})
	}
	return out
}

// gnuPages lists where one text of a GNU licence is found: it moves when a newer version comes.
func gnuPages(file string) string {
	var out []string
	for _, dir := range []string{"gnu.org/licenses/", "gnu.org/licenses/old-licenses/"} {
		for _, end := range []string{"", ".html", ".en.html", ".txt", "-standalone.html"} {
			out = append(out, dir+file+end)
		}
	}
	return strings.Join(out, " ")
}

// spelled lists the ways to say one member of a family by name.
func (f family) spelled(m member) []string {
	out := []string{m.id, m.label, m.name}
	tails := []string{""}
	switch {
	case strings.HasSuffix(m.id, "variants-or-later"), strings.HasSuffix(m.id, "variants-only"):
		return out
	case strings.HasSuffix(m.id, "-or-later"):
		tails = []string{" or later", " or any later", " or any later version", " or newer", "+"}
	case strings.HasSuffix(m.id, "-only"):
		tails = []string{"", " only"}
	}
	for name := range strings.SplitSeq(f.names, "|") {
		for _, tail := range tails {
			if m.version != "" {
				out = append(out, name+" "+m.version+tail)
				if short, ok := strings.CutSuffix(m.version, ".0"); ok {
					out = append(out, name+" "+short+tail)
				}
			}
			if m.version == "" || f.single {
				out = append(out, name, name+" License")
			}
		}
	}
	return out
}
