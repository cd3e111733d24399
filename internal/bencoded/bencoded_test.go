package bencoded

import (
	"bytes"
	"strings"
	"testing"

	"github.com/anacrolix/torrent/bencode"
)

func TestReaderTakesADictionaryApart(t *testing.T) {
	r := New([]byte("d4:infod6:lengthi-7ee4:listl1:a0:e3:odd" + "ld1:xleee" + "e"))
	var length int64
	var list []string
	var odd []byte
	for r.Begin('d'); r.More(); {
		switch string(r.Bytes()) {
		case "info":
			for r.Begin('d'); r.More(); {
				r.Bytes()
				length = r.Int()
			}
		case "list":
			list = r.Strings()
		default:
			odd = r.Raw()
		}
	}
	if r.End() != nil || length != -7 || strings.Join(list, "|") != "a|" || string(odd) != "ld1:xleee" {
		t.Errorf("length %d, list %q, odd %q, %v", length, list, odd, r.End())
	}
}

func TestMistakesEndTheReading(t *testing.T) {
	for _, data := range []string{
		"", "i", "ie", "i1", "i-0e", "i01e", "i+1e", "i1.5e", "i99999999999999999999e", "1", "2:a", "01:a", "-1:a", ":",
		"l", "d", "d1:a", "d1:ae", "di1ei2ee", "x", "999999999999999999999:", strings.Repeat("l", 65) + strings.Repeat("e", 65),
	} {
		r := New([]byte(data))
		r.Raw()
		if r.End() == nil {
			t.Errorf("%q is read", data)
		}
		if r.Err() == nil || r.More() || r.Bytes() != nil || r.Int() != 0 {
			t.Errorf("%q: something follows the mistake", data)
		}
	}
	r := New([]byte("i1ei2e"))
	if r.Int() != 1 || r.Err() != nil || r.End() == nil {
		t.Errorf("what follows the end is overlooked: %v", r.End())
	}
}

// Whatever is read whole is what another reader reads.
func FuzzReader(f *testing.F) {
	for _, data := range []string{"i-12e", "3:abc", "l1:ai2el0:ee", "d1:ai1e1:bd1:cl4:spamee", "i-0e", "d", "9:"} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := New(data)
		raw := r.Raw()
		if r.End() != nil {
			return
		}
		var v any
		if err := bencode.Unmarshal(data, &v); err != nil {
			t.Skip(err) // it wants keys in order
		}
		again, err := bencode.Marshal(v)
		if err != nil || !bytes.Equal(raw, data) || !bytes.Equal(again, data) {
			t.Errorf("%q is read whole, and %q by another, %v", data, again, err)
		}
	})
}
