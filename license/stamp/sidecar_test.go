package stamp

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"commonseed/internal/peers"
	"commonseed/license"
)

func TestSidecarText(t *testing.T) {
	got := string(SidecarText(fullNotice(byA)))
	want := `SPDX-FileCopyrightText: 2026 Ana Ruiz
SPDX-License-Identifier: CC-BY-4.0

REUSE-IgnoreStart
# ` + fullNotice(byA).Attribution() + `
# Release page: https://example.org/c/marea-baja/
REUSE-IgnoreEnd
`
	if got != want {
		t.Errorf("sidecar is\n%s\nwant\n%s", got, want)
	}
}

func TestSidecarCopyright(t *testing.T) {
	cc0 := mustParse("CC0 1.0")
	for _, c := range []struct {
		n    license.Notice
		want string
	}{
		{license.Notice{License: byA, Creator: "Ana", Year: 2026}, "2026 Ana"},
		{license.Notice{License: byA, Creator: "Ana"}, "Ana"},
		{license.Notice{License: byA, Year: 2026}, "NOASSERTION"},
		{license.Notice{License: cc0, Creator: "Ana", Year: 2026}, "NONE"},
		{license.Notice{License: byA, Creator: "Ana\nSPDX-License-Identifier: MIT"}, "Ana SPDX License-Identifier: MIT"},
	} {
		if got := sidecarCopyright(c.n); got != c.want {
			t.Errorf("%+v gives %q, want %q", c.n, got, c.want)
		}
	}
}

func TestReadSidecar(t *testing.T) {
	nc := mustParse("CC BY-NC 4.0")
	for _, c := range []struct {
		text string
		want []Statement
	}{
		{"", nil},
		{"no tags here: CC BY 4.0", nil},
		{"SPDX-License-Identifier: CC-BY-NC-4.0\n", []Statement{{tagLicense, "CC-BY-NC-4.0", nc, false}}},
		{"# SPDX-License-Identifier: (CC-BY-NC-4.0 OR LicenseRef-Mine) */\r\n", []Statement{
			{tagLicense, "CC-BY-NC-4.0", nc, false}, {Place: tagLicense, Text: "LicenseRef-Mine"}}},
		{"SPDX-FileCopyrightText: 2020 Label. All rights reserved", []Statement{
			{Place: tagCopyright, Text: "2020 Label. All rights reserved", Reserves: true}}},
		{"REUSE-IgnoreStart\nSPDX-License-Identifier: MIT\nREUSE-IgnoreEnd\nSPDX-FileCopyrightText: Ana", []Statement{
			{Place: tagCopyright, Text: "Ana"}}},
	} {
		got, err := ReadSidecar([]byte(c.text))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q reads as %+v, %v, want %+v", c.text, got, err, c.want)
		}
	}
	if _, err := ReadSidecar(make([]byte, maxSidecar+1)); !errors.Is(err, ErrMalformed) {
		t.Errorf("large sidecar: %v", err)
	}
}

// TestSidecarPrepare stamps files that no Stamper knows.
func TestSidecarPrepare(t *testing.T) {
	data := []byte("just some text, CC BY-NC 4.0, all rights reserved\n")
	for name, n := range notices {
		out, st := stampBytes(t, data, n, false)
		if st.Format != "sidecar" || !slices.Equal(st.Places, []string{"sidecar"}) {
			t.Errorf("%s: stamped as %q in %q", name, st.Format, st.Places)
		}
		if !bytes.Equal(out, data) {
			t.Errorf("%s: the file changed", name)
		}
		found, err := ReadSidecar(st.Sidecar)
		if err != nil || Conflict(found, n.License) != nil || found[len(found)-1].License != n.License {
			t.Errorf("%s: sidecar reads as %+v, %v", name, found, err)
		}
	}
	for _, l := range license.All() {
		if l.Policy().Refused != "" {
			continue
		}
		if _, st := stampBytes(t, data, fullNotice(l), false); st.Sidecar == nil {
			t.Errorf("%s: no sidecar", l.ID)
		}
	}
}

// TestSidecarREUSE lets the parser of the REUSE tool read sidecars. Its linter
// wants a whole project, with the texts of the licences.
func TestSidecarREUSE(t *testing.T) {
	python := peers.NeedPython(t, "reuse")
	const script = `
import sys
from reuse._util import decoded_text_from_binary, extract_spdx_info
for path in sys.argv[1:]:
    with open(path, "rb") as f:
        info = extract_spdx_info(decoded_text_from_binary(f))
    print(sorted(str(x) for x in info.spdx_expressions), sorted(info.copyright_lines))
`
	dir := t.TempDir()
	args := []string{"-c", script}
	var want []string
	for i, c := range []struct {
		n    license.Notice
		want string
	}{
		{fullNotice(byA), "['CC-BY-4.0'] ['SPDX-FileCopyrightText: 2026 Ana Ruiz']"},
		{fullNotice(mustParse("CC0 1.0")), "['CC0-1.0'] ['SPDX-FileCopyrightText: NONE']"},
		{fullNotice(mustParse("CC BY 3.0 ES")), "['LicenseRef-CC-BY-3.0-ES'] ['SPDX-FileCopyrightText: 2026 Ana Ruiz']"},
		{license.Notice{License: byA, Title: "© 2020 Someone Copyright (C) REUSE-IgnoreEnd\nSPDX-License-Identifier: MIT", Creator: "Åse 潮"},
			"['CC-BY-4.0'] ['SPDX-FileCopyrightText: Åse 潮']"},
	} {
		path := filepath.Join(dir, string(rune('a'+i))+".license")
		if err := os.WriteFile(path, SidecarText(c.n), 0o600); err != nil {
			t.Fatal(err)
		}
		args, want = append(args, path), append(want, c.want)
	}
	if got := strings.TrimSpace(peers.Run(t, python, args...)); got != strings.Join(want, "\n") {
		t.Errorf("REUSE reads\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func FuzzReadSidecar(f *testing.F) {
	f.Add(SidecarText(fullNotice(byA)))
	f.Add([]byte("SPDX-License-Identifier: (A OR B)\nREUSE-IgnoreStart\n\nREUSE-IgnoreEnd"))
	f.Fuzz(func(t *testing.T, data []byte) {
		st, err := ReadSidecar(data)
		if err != nil {
			return
		}
		Conflict(st, byA)
	})
}
