package license

import "strings"

// A License is one entry of the catalogue. The zero License means "none".
type License struct {
	ID    string // SPDX identifier, or LicenseRef-… where SPDX has none
	URL   string // canonical address; Creative Commons: https, lower case, trailing slash
	Label string // the short name people say: "CC BY-SA 4.0"
	Name  string // the full name: "Creative Commons Attribution-ShareAlike 4.0 International"

	// Creative Commons only, else "".
	Unit         string // "by-sa", "zero", "mark", "certification", "sampling+"
	Version      string // "4.0"
	Jurisdiction string // "de", "scotland", "igo"; "" for generic, unported and international

	Retired string // the day since when it is retired, "2004-05-25", or ""
}

// IsZero reports whether l names no licence.
func (l License) IsZero() bool { return l.ID == "" }

// CreativeCommons reports whether l is a licence or public domain tool of Creative Commons.
func (l License) CreativeCommons() bool { return l.Unit != "" }

// PublicDomain reports whether l says that a work is in the public domain: such a work carries no ©.
func (l License) PublicDomain() bool {
	switch l.ID {
	case "CC0-1.0", "CC-PDM-1.0", "CC-PDDC", "PDDL-1.0", "Unlicense":
		return true
	}
	return false
}

// Short is the form to type on a command line: "cc-by-sa-4.0", "cc-by-3.0-de". Parse takes it back.
func (l License) Short() string {
	return strings.ToLower(strings.TrimPrefix(l.ID, "LicenseRef-"))
}
