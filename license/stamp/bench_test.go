package stamp

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkPrepare is what one file costs before it is written, from disk.
func BenchmarkPrepare(b *testing.B) {
	for _, s := range samples {
		b.Run(filepath.Base(s.file), func(b *testing.B) {
			file, err := os.Open(filepath.Join("testdata", s.file))
			if err != nil {
				b.Fatal(err)
			}
			defer file.Close()
			info, err := file.Stat()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Prepare(file, info.Size(), fullNotice(byA), false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStatements is what a text costs that names no licence.
func BenchmarkStatements(b *testing.B) {
	text := string(bytes.Repeat([]byte("Recorded in Lima by the sea. "), 20))
	for b.Loop() {
		mentions("comment", text)
	}
}
