package torrentfile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// FuzzCheck checks payloads, of which parts are missing, against torrents of any make.
func FuzzCheck(f *testing.F) {
	for i, mode := range []Mode{Hybrid, V1, V2} {
		for harm := range byte(4) {
			root := plantTree(f, "payload", tree{"a/x": 20_000, "b": 3, "c": 0, "d": 16 * kib})
			tor, err := Build(f.Context(), root, Options{Name: "payload", Mode: mode, PieceLength: 16 * kib << i})
			if err != nil {
				f.Fatal(err)
			}
			f.Add(tor.Marshal(), harm)
		}
	}
	f.Add([]byte("d4:infod6:lengthi5e4:name1:a12:piece lengthi3e6:pieces40:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaee"), byte(0))
	f.Add([]byte("d4:infod5:filesld6:lengthi5e4:pathl1:a1:beed4:attr1:p6:lengthi9e4:pathl4:.pad1:9eee4:name1:n12:piece lengthi7e6:pieces40:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaee"), byte(1))
	f.Add([]byte("d4:infod5:filesld4:attr1:l6:lengthi0e4:pathl1:ae12:symlink pathl1:beed6:lengthi5e4:pathl1:beee4:name1:n12:piece lengthi7e6:pieces20:aaaaaaaaaaaaaaaaaaaaee"), byte(0))
	f.Add([]byte("d4:infod5:filesld4:attr1:p6:lengthi8eee4:name1:012:piece lengthi7e6:pieces40:0000000000000000000000000000000000000000ee"), byte(0)) // nothing but a pad
	f.Fuzz(func(t *testing.T, data []byte, harm byte) {
		tor, err := Parse(data)
		if err != nil || tor.Length() > 1<<20 || len(tor.Files()) > 20 {
			return
		}
		root := filepath.Join(t.TempDir(), "payload")
		links, err := plantPart(tor, root, harm)
		if err != nil {
			return // no such names here
		}
		for _, files := range [][]string{nil, {tor.Files()[0].Path}} {
			report, err := tor.Check(t.Context(), root, CheckOptions{Files: files})
			if err != nil {
				if !links { // which may lead in a circle
					t.Fatal(err)
				}
				continue
			}
			wholeReports(t, tor, report)
		}
	})
}

// plantPart writes the files of a torrent, full of zeros, but for some of them.
func plantPart(tor *Torrent, root string, harm byte) (links bool, err error) {
	if tor.SingleFile() {
		return false, os.WriteFile(root, make([]byte, max(0, tor.Length()-int64(harm))), 0o644)
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return false, err
	}
	for i, f := range tor.Files() {
		full := filepath.Join(root, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			return false, err
		}
		length := f.Length
		switch harm >> (i % 4 * 2) & 3 {
		case 1:
			continue
		case 2:
			length /= 2
		case 3:
			length++
		}
		err := error(nil)
		if f.Link != "" {
			links = true
			target, _ := filepath.Rel(filepath.Dir(f.Path), f.Link)
			err = os.Symlink(target, full)
		} else {
			err = os.WriteFile(full, bytes.Repeat([]byte{0}, int(length)), 0o644)
		}
		if err != nil {
			return links, err
		}
	}
	return links, nil
}

// wholeReports wants every byte of a file to be right or not.
func wholeReports(t *testing.T, tor *Torrent, report *Report) {
	t.Helper()
	lengths := map[string]int64{}
	for _, f := range tor.Files() {
		lengths[f.Path] = f.Length
	}
	for _, f := range report.Files {
		sum, end := f.Have, int64(0)
		for _, bad := range f.Bad {
			if bad.Off < end || bad.Len <= 0 || bad.Off+bad.Len > lengths[f.Path] {
				t.Fatalf("%+v of %d bytes", f, lengths[f.Path])
			}
			sum, end = sum+bad.Len, bad.Off+bad.Len
		}
		if sum != lengths[f.Path] || len(f.Bad) > 0 && f.Fault == "" {
			t.Fatalf("%+v of %d bytes", f, lengths[f.Path])
		}
	}
}
