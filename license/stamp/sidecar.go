package stamp

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"commonseed/license"
)

// Sidecar is the Stamper for every format that has none: the file stays as it
// is, and the notice stands in NAME.license beside it (REUSE Specification 3.0,
// "Comment headers"; its tags are from SPDX 2.3, Annex H).
type Sidecar struct{}

const (
	tagCopyright = "SPDX-FileCopyrightText"
	tagLicense   = "SPDX-License-Identifier"
)

// maxSidecar bounds how much of a sidecar is read.
const maxSidecar = 1 << 20

// Format is "sidecar".
func (Sidecar) Format() string { return "sidecar" }

// Sniff accepts every file.
func (Sidecar) Sniff([]byte) bool { return true }

// Open looks at nothing.
func (Sidecar) Open(_ io.ReaderAt, size int64) (Media, error) { return opaque(size), nil }

// opaque is a file of unknown format, of so many bytes.
type opaque int64

// Statements finds nothing, for nobody knows where to look. ReadSidecar reads
// the sidecar.
func (opaque) Statements() ([]Statement, error) { return nil, nil }

// Patch leaves the file as it is.
func (o opaque) Patch(license.Notice) (Patch, error) { return Patch{}.keep(0, int64(o)), nil }

// Essence is the whole file.
func (o opaque) Essence() ([]Range, error) { return []Range{{Off: 0, Len: int64(o)}}, nil }

// Places is the sidecar alone.
func (Sidecar) Places() []string { return []string{"sidecar"} }

// prepareSidecar writes the sidecar of an unchanged file and reads it back.
func prepareSidecar(size int64, n license.Notice) (*Stamped, error) {
	text := SidecarText(n)
	found, err := ReadSidecar(text)
	if err != nil {
		return nil, err
	}
	if err := proveNotice(found, []string{tagLicense}, n.License, false); err != nil {
		return nil, fmt.Errorf("the sidecar did not prove right: %w", err)
	}
	return &Stamped{
		Format:  "sidecar",
		Places:  Sidecar{}.Places(),
		Patch:   Patch{}.keep(0, size),
		Sidecar: text,
	}, nil
}

// SidecarText is the content of NAME.license: the SPDX tags, and for people the
// attribution and the release page. The latter stand in a block that REUSE tools
// skip, because they would take a "©" in it for another copyright line.
func SidecarText(n license.Notice) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: %s\n", tagCopyright, sidecarCopyright(n))
	fmt.Fprintf(&b, "%s: %s\n", tagLicense, n.License.ID)
	b.WriteString("\nREUSE-IgnoreStart\n")
	fmt.Fprintf(&b, "# %s\n", tagSafe(n.Attribution()))
	if page := pageURL(n); page != "" {
		fmt.Fprintf(&b, "# Release page: %s\n", page)
	}
	b.WriteString("REUSE-IgnoreEnd\n")
	return b.Bytes()
}

// sidecarCopyright says whose copyright it is: NONE for works in the public
// domain, NOASSERTION if the notice names nobody (both are SPDX 2.3 §8.8 terms).
func sidecarCopyright(n license.Notice) string {
	creator := tagSafe(n.Creator)
	switch {
	case n.License.PublicDomain():
		return "NONE"
	case creator == "":
		return "NOASSERTION"
	case n.Year > 0:
		return strconv.Itoa(n.Year) + " " + creator
	}
	return creator
}

// tagSafe keeps a title or a name from passing for a tag of SPDX or REUSE.
func tagSafe(s string) string {
	return strings.NewReplacer("SPDX-", "SPDX ", "REUSE-", "REUSE ").Replace(oneLine(s))
}

// ReadSidecar reads the tags of a NAME.license file. Lines may begin with a
// comment mark. What stands between REUSE-IgnoreStart and -End is skipped.
// Contents beyond 1 MiB are ErrMalformed.
func ReadSidecar(data []byte) ([]Statement, error) {
	if len(data) > maxSidecar {
		return nil, fmt.Errorf("sidecar of %d bytes: %w", len(data), ErrMalformed)
	}
	var st []Statement
	var ignored bool
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, maxSidecar+1)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.Contains(line, "REUSE-IgnoreStart"):
			ignored = true
		case strings.Contains(line, "REUSE-IgnoreEnd"):
			ignored = false
		case !ignored:
			st = append(st, sidecarLine(line)...)
		}
	}
	return st, lines.Err()
}

// sidecarLine reads the tag on a line, if there is one.
func sidecarLine(line string) []Statement {
	if _, text, ok := strings.Cut(line, tagCopyright+":"); ok {
		return statements(tagCopyright, text)
	}
	if _, text, ok := strings.Cut(line, tagLicense+":"); ok {
		return expression(text)
	}
	return nil
}

// expression lists the licences of an SPDX expression: "CC-BY-4.0 OR MIT" names
// two. One that is not in the catalogue gives a Statement without a licence.
func expression(text string) []Statement {
	var st []Statement
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t()*/", r) }) {
		switch strings.ToUpper(word) {
		case "AND", "OR", "WITH":
			continue
		}
		st = append(st, statements(tagLicense, word)...)
	}
	return st
}
