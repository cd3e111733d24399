package license

import "strings"

// ccRow says which versions of some units exist: the generic (unported, international) one unless
// generic is false, and one for each jurisdiction. Creative Commons' own list of legal code is the source.
type ccRow struct {
	version string
	units   string
	generic bool
	places  string
	retired string
}

const sixUnits = "by by-sa by-nc by-nc-sa by-nd by-nc-nd"

// Newest first: the order of the catalogue and of every list of choices.
var ccRows = []ccRow{
	{version: "4.0", units: sixUnits, generic: true},
	{version: "3.0", units: sixUnits, generic: true,
		places: "am at au az br ca ch cl cn cr cz de ec ee eg es fr ge gr gt hk hr ie igo it lu nl no nz ph pl pr pt ro rs sg th tw ug us ve vn za"},
	{version: "2.5", units: sixUnits, generic: true,
		places: "ar au bg br ca ch cn co dk es hr hu il in it mk mt mx my nl pe pl pt scotland se si tw za"},
	{version: "2.1", units: sixUnits, places: "au ca es jp"},
	{version: "2.0", units: sixUnits, generic: true, places: "at au be br ca cl de es fr hr it jp kr nl pl tw uk za"},
	{version: "1.0", units: sixUnits, generic: true, places: "fi il nl"},
	{version: "2.0", units: "nc nc-sa nd nd-nc sa", places: "jp", retired: "2004-05-25"},
	{version: "1.0", units: "nc nc-sa nd nd-nc sa", generic: true, places: "fi nl", retired: "2004-05-25"},
	{version: "2.0", units: "devnations", generic: true, retired: "2007-06-04"},
	{version: "1.0", units: "sampling", generic: true, places: "br tw", retired: "2007-06-04"},
	{version: "1.0", units: "sampling+", generic: true, places: "br de tw", retired: "2011-09-12"},
	{version: "1.0", units: "nc-sampling+", generic: true, places: "tw", retired: "2011-09-12"},
}

var ccPublicDomain = []License{
	{ID: "CC0-1.0", URL: "https://creativecommons.org/publicdomain/zero/1.0/",
		Label: "CC0 1.0", Name: "Creative Commons CC0 1.0 Universal", Unit: "zero", Version: "1.0"},
	{ID: "CC-PDM-1.0", URL: "https://creativecommons.org/publicdomain/mark/1.0/",
		Label: "Public Domain Mark 1.0", Name: "Creative Commons Public Domain Mark 1.0 Universal", Unit: "mark", Version: "1.0"},
	{ID: "CC-PDDC", URL: "https://creativecommons.org/publicdomain/certification/1.0/us/",
		Label: "CC PDDC", Name: "Creative Commons Public Domain Dedication and Certification",
		Unit: "certification", Version: "1.0", Jurisdiction: "us", Retired: "2010-10-11"},
}

// spdxPorts are the national versions that have an SPDX identifier (SPDX License List 3.28). Of the generic
// ones, all six units in every version have one, and of the retired ones only SA 1.0.
var spdxPorts = words(`
	CC-BY-2.5-AU CC-BY-3.0-AT CC-BY-3.0-AU CC-BY-3.0-DE CC-BY-3.0-IGO CC-BY-3.0-NL CC-BY-3.0-US
	CC-BY-NC-3.0-DE CC-BY-NC-ND-3.0-DE CC-BY-NC-ND-3.0-IGO
	CC-BY-NC-SA-2.0-DE CC-BY-NC-SA-2.0-FR CC-BY-NC-SA-2.0-UK CC-BY-NC-SA-3.0-DE CC-BY-NC-SA-3.0-IGO
	CC-BY-ND-3.0-DE CC-BY-SA-2.0-UK CC-BY-SA-2.1-JP CC-BY-SA-3.0-AT CC-BY-SA-3.0-DE CC-BY-SA-3.0-IGO`)

// places names the jurisdictions as Creative Commons does in the titles of its licences.
var places = map[string]string{
	"am": "Armenia", "ar": "Argentina", "at": "Austria", "au": "Australia", "az": "Azerbaijan", "be": "Belgium",
	"bg": "Bulgaria", "br": "Brazil", "ca": "Canada", "ch": "Switzerland", "cl": "Chile", "cn": "China Mainland",
	"co": "Colombia", "cr": "Costa Rica", "cz": "Czech Republic", "de": "Germany", "dk": "Denmark", "ec": "Ecuador",
	"ee": "Estonia", "eg": "Egypt", "es": "Spain", "fi": "Finland", "fr": "France", "ge": "Georgia", "gr": "Greece",
	"gt": "Guatemala", "hk": "Hong Kong", "hr": "Croatia", "hu": "Hungary", "ie": "Ireland", "igo": "IGO",
	"il": "Israel", "in": "India", "it": "Italy", "jp": "Japan", "kr": "Korea", "lu": "Luxembourg", "mk": "Macedonia",
	"mt": "Malta", "mx": "Mexico", "my": "Malaysia", "nl": "Netherlands", "no": "Norway", "nz": "New Zealand",
	"pe": "Peru", "ph": "Philippines", "pl": "Poland", "pr": "Puerto Rico", "pt": "Portugal", "ro": "Romania",
	"rs": "Serbia", "scotland": "UK: Scotland", "se": "Sweden", "sg": "Singapore", "si": "Slovenia", "th": "Thailand",
	"tw": "Taiwan", "ug": "Uganda", "uk": "UK: England & Wales", "us": "United States", "ve": "Venezuela",
	"vn": "Vietnam", "za": "South Africa",
}

// otherPlaces are further names of jurisdictions, above all what they are called at home.
var otherPlaces = map[string]string{
	"Deutschland": "de", "Österreich": "at", "Schweiz": "ch", "Suisse": "ch", "Svizzera": "ch", "España": "es",
	"Italia": "it", "Brasil": "br", "Nederland": "nl", "The Netherlands": "nl", "Polska": "pl", "Česko": "cz",
	"Česká republika": "cz", "Danmark": "dk", "Suomi": "fi", "Norge": "no", "Sverige": "se", "Slovenija": "si",
	"Hrvatska": "hr", "Magyarország": "hu", "România": "ro", "Eesti": "ee", "Belgique": "be", "België": "be",
	"Ελλάδα": "gr", "Ελλάς": "gr", "България": "bg", "Србија": "rs", "日本": "jp", "台灣": "tw", "中国大陆": "cn",
	"China": "cn", "Mainland China": "cn", "香港": "hk", "한국": "kr", "대한민국": "kr", "South Korea": "kr",
	"North Macedonia": "mk", "México": "mx", "Perú": "pe", "USA": "us", "United States of America": "us",
	"England & Wales": "uk", "England and Wales": "uk", "Scotland": "scotland", "UK Scotland": "scotland",
	"Intergovernmental Organization": "igo", "Intergovernmental Organizations": "igo", "Viet Nam": "vn",
}

var unitNames = map[string]string{
	"by": "Attribution", "nc": "NonCommercial", "sa": "ShareAlike", "nd": "NoDerivs",
	"devnations": "Developing Nations", "sampling": "Sampling", "sampling+": "Sampling Plus",
}

var unitLabels = map[string]string{"devnations": "DevNations", "sampling": "Sampling", "sampling+": "Sampling+"}

func creativeCommons() []License {
	var out []License
	for _, row := range ccRows {
		for unit := range strings.FieldsSeq(row.units) {
			if row.generic {
				out = append(out, ccLicense(row, unit, ""))
			}
			for place := range strings.FieldsSeq(row.places) {
				out = append(out, ccLicense(row, unit, place))
			}
		}
	}
	return append(out, ccPublicDomain...)
}

func ccLicense(row ccRow, unit, place string) License {
	l := License{
		ID:           "CC-" + strings.ToUpper(strings.ReplaceAll(unit, "+", "-plus")) + "-" + row.version,
		URL:          "https://creativecommons.org/licenses/" + urlUnit(unit, row.version) + "/" + row.version + "/",
		Label:        "CC " + unitLabel(unit) + " " + row.version,
		Name:         "Creative Commons " + unitName(unit, row.version) + " " + row.version + " " + placeName(row.version, place),
		Unit:         unit,
		Version:      row.version,
		Jurisdiction: place,
		Retired:      row.retired,
	}
	if place != "" {
		l.ID += "-" + strings.ToUpper(place)
		l.URL += place + "/"
		l.Label += " " + placeLabel(place)
	}
	if !hasSPDX(l) {
		l.ID = "LicenseRef-" + l.ID
	}
	return l
}

func hasSPDX(l License) bool {
	if l.Jurisdiction != "" {
		return spdxPorts[l.ID]
	}
	return l.Retired == "" || l.ID == "CC-SA-1.0"
}

// urlUnit is the unit as the address has it: version 1.0 put NoDerivs before NonCommercial.
func urlUnit(unit, version string) string {
	if unit == "by-nc-nd" && version == "1.0" {
		return "by-nd-nc"
	}
	return unit
}

func unitLabel(unit string) string {
	head, tail, joined := strings.Cut(unit, "-samp")
	switch {
	case joined:
		return strings.ToUpper(head) + "-" + unitLabels["samp"+tail]
	case unitLabels[unit] != "":
		return unitLabels[unit]
	}
	return strings.ToUpper(unit)
}

// unitName spells a unit out. Before 4.0 the element was NoDerivs, since then NoDerivatives.
func unitName(unit, version string) string {
	if unit == "nc-sampling+" {
		return "NonCommercial Sampling Plus"
	}
	parts := strings.Split(urlUnit(unit, version), "-")
	for i, p := range parts {
		parts[i] = unitNames[p]
	}
	name := strings.Join(parts, "-")
	if version == "4.0" {
		name = strings.Replace(name, "NoDerivs", "NoDerivatives", 1)
	}
	return name
}

func placeName(version, place string) string {
	switch {
	case place != "":
		return places[place]
	case version == "4.0":
		return "International"
	case version == "3.0":
		return "Unported"
	}
	return "Generic"
}

func placeLabel(place string) string {
	if place == "scotland" {
		return "Scotland"
	}
	return strings.ToUpper(place)
}

func words(s string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		set[w] = true
	}
	return set
}
