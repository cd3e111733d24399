package announce

import (
	"commonseed/internal/bencoded"

	"github.com/anacrolix/torrent/bencode"
)

// eachField hands the fields of a bencoded dictionary to do, each value as it is
// written. Something may follow the dictionary. BEP 3
func eachField(b []byte, do func(key string, value []byte)) error {
	r := bencoded.New(b)
	for r.Begin('d'); r.More(); {
		key := string(r.Bytes())
		value := r.Raw()
		if r.Err() == nil {
			do(key, value)
		}
	}
	return r.Err()
}

// isText says whether a value is a string.
func isText(v []byte) bool { return len(v) > 0 && '0' <= v[0] && v[0] <= '9' }

// text is what a string holds, nil if the value is none.
func text(v []byte) []byte { return bencoded.New(v).Bytes() }

// number reads an integer, or answers with something else if the value is none.
func number(v []byte, otherwise int64) int64 {
	r := bencoded.New(v)
	if n := r.Int(); r.Err() == nil {
		return n
	}
	return otherwise
}

// unmarshalPrefix decodes one bencoded value that more bytes may follow.
func unmarshalPrefix(p []byte, v any) error {
	err := bencode.Unmarshal(p, v)
	if _, trailing := err.(bencode.ErrUnusedTrailingBytes); trailing {
		return nil
	}
	return err
}
