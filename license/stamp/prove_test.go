package stamp

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"commonseed/license"
)

// liar is a Stamper for a toy format, "licence|comment|media", that can do
// everything wrong that prove is there to find.
type liar struct{ lie string }

func (liar) Format() string    { return "toy" }
func (liar) Sniff([]byte) bool { return false }
func (liar) Places() []string  { return []string{"Toy LICENSE", "Toy PAGE"} }
func (liar) parts(src io.ReaderAt, size int64) []string {
	data, err := readAt(src, 0, int(size))
	if err != nil {
		panic(err)
	}
	return strings.SplitN(string(data), "|", 3)
}

// lies is a file for the liar.
type lies struct {
	liar
	src  io.ReaderAt
	size int64
}

func (s liar) Open(src io.ReaderAt, size int64) (Media, error) { return lies{s, src, size}, nil }

func (s lies) Statements() ([]Statement, error) {
	parts := s.parts(s.src, s.size)
	if s.lie == "reads back an error" && parts[0] != "" {
		return nil, ErrMalformed
	}
	return append(statements("Toy LICENSE", parts[0]), mentions("Toy COMMENT", parts[1])...), nil
}

func (s lies) Essence() ([]Range, error) {
	parts := s.parts(s.src, s.size)
	n := int64(len(parts[2]))
	switch {
	case s.lie == "no media":
		return nil, nil
	case s.lie == "media outside":
		n++
	case s.lie == "loses media" && parts[0] != "":
		return nil, ErrTruncated
	}
	return []Range{{s.size - int64(len(parts[2])), n}}, nil
}

func (s lies) Patch(n license.Notice) (Patch, error) {
	size := s.size
	parts := s.parts(s.src, size)
	media := int64(len(parts[2]))
	stamped := parts[0] != ""
	parts[0] = n.License.URL
	switch s.lie {
	case "writes nothing":
		return Patch{}.keep(0, size), nil
	case "another licence":
		parts[0] = byB.URL
	case "two licences":
		parts[0] += " " + byB.URL
	case "changes the media":
		return Patch{}.add([]byte(parts[0]+"|"+parts[1]+"|M")).keep(size-media+1, media-1), nil
	case "grows":
		parts[1] += "x"
	case "flips":
		parts[1] = map[bool]string{true: "y", false: "z"}[parts[1] == "z"]
	case "not twice":
		if stamped {
			return nil, ErrMalformed
		}
	case "range outside":
		return Patch{}.keep(0, size+1), nil
	}
	return Patch{}.add([]byte(parts[0]+"|"+parts[1]+"|")).keep(size-media, media), nil
}

func TestProve(t *testing.T) {
	for _, c := range []struct {
		lie, data string
		relicense bool
		want      string // part of the error; "" if there is none
	}{
		{"", "|calm|media", false, ""},
		{"", byB.URL + "|calm|media", true, ""},
		{"", "|under CC BY-NC 4.0|media", true, ""},
		{"", "|under CC BY-NC 4.0|media", false, `Toy COMMENT still says "under CC BY-NC 4.0"`},
		{"writes nothing", "||media", false, "CC BY 4.0 does not read back"},
		{"another licence", "||media", false, "CC BY 4.0 does not read back"},
		{"two licences", "||media", true, "Toy LICENSE still says"},
		{"reads back an error", "||media", false, "reading back: file is damaged"},
		{"no media", "||media", false, "no media data"},
		{"media outside", "||media", false, "patch takes bytes"},
		{"loses media", "||media", false, "after the stamp: file ends too early"},
		{"changes the media", "||media", false, "the media data would change"},
		{"grows", "||media", false, "stamping again"},
		{"flips", "|y|media", false, "stamping again: bytes 0 to "},
		{"not twice", "||media", false, "stamping again: file is damaged"},
		{"range outside", "||media", false, "patch takes bytes 0+8 of a file of 7"},
	} {
		t.Run(c.lie, func(t *testing.T) {
			s, src, size := liar{c.lie}, strings.NewReader(c.data), int64(len(c.data))
			p, err := patchOf(s, src, size, fullNotice(byA))
			if err != nil {
				t.Fatal(err)
			}
			places, err := prove(s, src, size, p, fullNotice(byA), c.relicense)
			if c.want == "" {
				if err != nil || !slices.Equal(places, []string{"Toy LICENSE"}) {
					t.Errorf("places %q, %v", places, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want %q", err, c.want)
			}
		})
	}
}

// TestPrepareErrors looks at what a caller gets to see.
func TestPrepareErrors(t *testing.T) {
	data := readSample(t, "audio/lame.mp3")
	_, err := Prepare(bytes.NewReader(data[:5000]), 5000, fullNotice(byA), false)
	if !errors.Is(err, ErrTruncated) || !strings.HasPrefix(err.Error(), `audio frame at byte `) {
		t.Errorf("cut file: %v", err)
	}
	if _, err := Prepare(bytes.NewReader(data), int64(len(data)), license.Notice{}, false); err == nil {
		t.Error("a notice without a licence was stamped")
	}
	if _, err := Prepare(bytes.NewReader(data[:100]), int64(len(data)), fullNotice(byA), false); !errors.Is(err, ErrTruncated) {
		t.Errorf("a source shorter than it says: %v", err)
	}
}

// TestRemains: what others say against a notice that was forced is told.
func TestRemains(t *testing.T) {
	data := readSample(t, "image-exif.jpg")
	data = bytes.Replace(data, []byte("2020 Somebody\x00"), []byte("CC BY-NC 4.0\x00\x00"), 1)
	st, err := Prepare(bytes.NewReader(data), int64(len(data)), fullNotice(byA), true)
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Remains) != 1 || st.Remains[0].Place != "EXIF Copyright" || st.Remains[0].Text != "CC BY-NC 4.0" {
		t.Errorf("remains: %+v", st.Remains)
	}
	if _, st := stampBytes(t, readSample(t, "image-exif.jpg"), fullNotice(byA), true); st.Remains != nil {
		t.Errorf("agreeing statements: %+v", st.Remains)
	}
}
