package torrentfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// sample is a small hybrid torrent with everything in it.
func sample(t testing.TB) *Torrent {
	t.Helper()
	root := plantTree(t, "payload", tree{"a/song.flac": 50_000, "b.txt": 3, "empty": 0})
	tor, err := Build(t.Context(), root, Options{
		Name: "payload", PieceLength: 16 * kib, License: "https://creativecommons.org/licenses/by/4.0/",
		Announcement: Announcement{
			Trackers: [][]string{{"http://one.example/announce", "http://two.example/announce"}, {"udp://three.example:6969"}},
			WebSeeds: []string{"https://seed.example/files/"}, Nodes: []string{"router.example:6881", "[2001:db8::1]:6882"}, Comment: "for you",
		},
		Source:    "here",
		CreatedBy: "commonseed", CreationDate: time.Unix(1_780_000_000, 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := tor.Relate([]string{"0123456789abcdef0123456789abcdef01234567"}, []string{"tides"}); err != nil {
		t.Fatal(err)
	}
	return tor
}

func TestParseGivesBackWhatWasBuilt(t *testing.T) {
	for _, c := range append(slices.Clone(treeCases), randomCases(40)...) {
		root := c.plant(t)
		for mode, name := range modeNames {
			t.Run(c.name+" "+name, func(t *testing.T) {
				if mode == V2 && c.flat() && c.files.paths()[0] == "payload" {
					t.Skip("v2 has one spelling for the file alone and the file in a folder of its name")
				}
				parseGivesBack(t, c, build(t, root, Options{Mode: mode, PieceLength: c.pieceLength}))
			})
		}
	}
}

func parseGivesBack(t *testing.T, c treeCase, built *Torrent) {
	parsed, err := Parse(built.Marshal())
	must(t, err)
	if !bytes.Equal(parsed.Marshal(), built.Marshal()) || parsed.Size() != int64(len(built.Marshal())) {
		t.Error("other bytes")
	}
	files := parsed.Files()
	if !reflect.DeepEqual(files, built.Files()) || len(files) != len(c.files) || parsed.SingleFile() != c.single {
		t.Errorf("files %v, built %v, single: %v", files, built.Files(), parsed.SingleFile())
	}
	for i, path := range c.files.paths() {
		if want := (File{Path: path, Length: int64(c.files[path]), Executable: slices.Contains(c.executable, path)}); files[i] != want {
			t.Errorf("%+v, want %+v", files[i], want)
		}
	}
	if parsed.Length() != c.files.length() || parsed.PieceLength() != c.pieceLength || parsed.Name() != built.Name() {
		t.Errorf("length %d, piece length %d, name %q", parsed.Length(), parsed.PieceLength(), parsed.Name())
	}
}

func TestParseReadsWhatLiesOutsideInfo(t *testing.T) {
	built := sample(t)
	tor, err := Parse(built.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	wantTiers := [][]string{{"http://one.example/announce", "http://two.example/announce"}, {"udp://three.example:6969"}}
	if !reflect.DeepEqual(tor.Trackers(), wantTiers) {
		t.Errorf("trackers %q", tor.Trackers())
	}
	if !reflect.DeepEqual(tor.WebSeeds(), []string{"https://seed.example/files/"}) {
		t.Errorf("web seeds %q", tor.WebSeeds())
	}
	if !reflect.DeepEqual(tor.Nodes(), []string{"router.example:6881", "[2001:db8::1]:6882"}) {
		t.Errorf("nodes %q", tor.Nodes())
	}
	if !reflect.DeepEqual(tor.Similar(), []string{"0123456789abcdef0123456789abcdef01234567"}) || !reflect.DeepEqual(tor.Collections(), []string{"tides"}) {
		t.Errorf("similar %q, collections %q", tor.Similar(), tor.Collections())
	}
	if tor.Source() != "here" {
		t.Errorf("source %q", tor.Source())
	}
	if tor.Comment() != "for you" || tor.CreatedBy() != "commonseed" || tor.CreationDate().Unix() != 1_780_000_000 {
		t.Errorf("comment %q, created by %q, on %v", tor.Comment(), tor.CreatedBy(), tor.CreationDate())
	}
	if tor.Magnet() != built.Magnet() || tor.License() != built.License() {
		t.Error("another magnet link or licence")
	}
}

func TestAnnounceKeepsTheInfohashes(t *testing.T) {
	before := sample(t)
	tor, err := Parse(before.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	tor.Announce(Announcement{Trackers: [][]string{{}, {"", "http://new.example/announce"}}, WebSeeds: []string{"https://new.example/files"}, Comment: "moved"})
	again, err := Parse(tor.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	if again.InfohashV1() != before.InfohashV1() || again.InfohashV2() != before.InfohashV2() {
		t.Error("an infohash changed")
	}
	if !reflect.DeepEqual(again.Trackers(), [][]string{{"http://new.example/announce"}}) ||
		!reflect.DeepEqual(again.WebSeeds(), []string{"https://new.example/files/"}) || again.Comment() != "moved" {
		t.Errorf("%q, %q, %q", again.Trackers(), again.WebSeeds(), again.Comment())
	}
	if again.CreatedBy() != "commonseed" || len(again.outer["piece layers"]) == 0 {
		t.Error("something else was lost")
	}
	again.Announce(Announcement{})
	if strings.Contains(string(again.Marshal()), "new.example") || strings.Contains(string(again.Marshal()), "8:announce") {
		t.Error("an old address is left")
	}
}

// hostile changes one thing in a valid hybrid torrent. Values are those of the
// bencode package: int64, string, []any, map[string]any.
type hostile struct {
	name   string
	change func(outer, info map[string]any)
	want   string
}

func listed(info map[string]any, i int) map[string]any {
	return info["files"].([]any)[i].(map[string]any)
}

func leaf(info map[string]any, name string) map[string]any {
	return info["file tree"].(map[string]any)[name].(map[string]any)[""].(map[string]any)
}

var hostiles = []hostile{
	{"path leads up", func(_, in map[string]any) { listed(in, 0)["path"] = []any{"..", "x"} }, "another folder"},
	{"absolute path", func(_, in map[string]any) { listed(in, 0)["path"] = []any{"/etc", "x"} }, "slash"},
	{"empty component", func(_, in map[string]any) { listed(in, 0)["path"] = []any{"", "x"} }, "empty name"},
	{"empty path", func(_, in map[string]any) { listed(in, 0)["path"] = []any{} }, "empty path"},
	{"backslash", func(_, in map[string]any) { listed(in, 0)["path"] = []any{`..\x`} }, "backslash"},
	{"NUL", func(_, in map[string]any) { listed(in, 0)["path"] = []any{"a\x00b"} }, "control"},
	{"not UTF-8", func(_, in map[string]any) { listed(in, 0)["path"] = []any{"\xff"} }, "UTF-8"},
	{"utf-8 path leads up", func(_, in map[string]any) { listed(in, 0)["path.utf-8"] = []any{".."} }, "another folder"},
	{"no path", func(_, in map[string]any) { delete(listed(in, 0), "path") }, "empty path"},
	{"negative length", func(_, in map[string]any) { listed(in, 0)["length"] = int64(-5) }, "length -5"},
	{"no length", func(_, in map[string]any) { delete(listed(in, 0), "length") }, "length -1"},
	{"sum overflows", func(_, in map[string]any) {
		for i := range in["files"].([]any) {
			listed(in, i)["length"] = int64(1 << 53)
		}
	}, "too long together"},
	{"length overflows", func(_, in map[string]any) { listed(in, 0)["length"] = int64(1<<63 - 1) }, "length 92"},
	{"symbolic link", func(_, in map[string]any) { listed(in, 0)["attr"] = "l" }, "symbolic link"},
	{"link to itself", func(_, in map[string]any) {
		for _, file := range []map[string]any{listed(in, 4), leaf(in, "empty")} {
			file["attr"], file["symlink path"] = "l", []any{"empty"}
		}
	}, "link to itself"},
	{"same path twice", func(_, in map[string]any) { listed(in, 2)["path"] = []any{"a", "song.flac"} }, "occurs twice"},
	{"file and folder", func(_, in map[string]any) { listed(in, 2)["path"] = []any{"a"} }, "both a file and a folder"},
	{"too few pieces", func(_, in map[string]any) { in["pieces"] = strings.Repeat("x", 20) }, "piece hashes"},
	{"broken pieces", func(_, in map[string]any) { in["pieces"] = in["pieces"].(string) + "x" }, "piece hashes"},
	{"no pieces", func(_, in map[string]any) { delete(in, "pieces") }, "piece hashes"},
	{"length and files", func(_, in map[string]any) { in["length"] = int64(5) }, "either length or files"},
	{"only pads", func(_, in map[string]any) {
		in["files"] = []any{map[string]any{"attr": "p", "length": int64(5), "path": []any{".pad", "5"}}}
	}, "holds no data"},
	{"no files", func(_, in map[string]any) { in["files"] = []any{} }, "holds no data"},
	{"name leads up", func(_, in map[string]any) { in["name"] = ".." }, "another folder"},
	{"name with a slash", func(_, in map[string]any) { in["name"] = "/etc/passwd" }, "slash"},
	{"no name", func(_, in map[string]any) { delete(in, "name") }, "empty name"},
	{"utf-8 name leads up", func(_, in map[string]any) { in["name.utf-8"] = "../x" }, "slash"},
	{"piece length 0", func(_, in map[string]any) { in["piece length"] = int64(0) }, "piece length 0"},
	{"piece length negative", func(_, in map[string]any) { in["piece length"] = int64(-16384) }, "piece length -16384"},
	{"piece length huge", func(_, in map[string]any) { in["piece length"] = int64(1 << 40) }, "piece length"},
	{"newer version", func(_, in map[string]any) { in["meta version"] = int64(3) }, "newer"},
	{"no file tree", func(_, in map[string]any) { delete(in, "file tree") }, "no file tree"},
	{"empty file tree", func(_, in map[string]any) { in["file tree"] = map[string]any{} }, "is empty"},
	{"tree is a file", func(_, in map[string]any) { in["file tree"] = map[string]any{"": map[string]any{"length": int64(5)}} }, "where a folder is wanted"},
	{"tree leads up", func(_, in map[string]any) {
		tree := in["file tree"].(map[string]any)
		tree[".."] = tree["b.txt"]
	}, "another folder"},
	{"tree folder is empty", func(_, in map[string]any) { in["file tree"].(map[string]any)["c"] = map[string]any{} }, `folder "c" is empty`},
	{"file with a sibling", func(_, in map[string]any) {
		in["file tree"].(map[string]any)["b.txt"].(map[string]any)["x"] = map[string]any{"": map[string]any{"length": int64(0)}}
	}, "of a file and of a folder"},
	{"tree length negative", func(_, in map[string]any) { leaf(in, "b.txt")["length"] = int64(-1) }, "length -1"},
	{"tree length differs", func(_, in map[string]any) { leaf(in, "b.txt")["length"] = int64(4) }, "do not list the same files"},
	{"root too short", func(_, in map[string]any) { leaf(in, "b.txt")["pieces root"] = "short" }, "pieces root of 5 bytes"},
	{"no root", func(_, in map[string]any) { delete(leaf(in, "b.txt"), "pieces root") }, "pieces root of 0 bytes"},
	{"empty file with a root", func(_, in map[string]any) { leaf(in, "empty")["pieces root"] = strings.Repeat("x", 32) }, "empty file with a pieces root"},
	{"link in the tree", func(_, in map[string]any) { leaf(in, "b.txt")["attr"] = "l" }, "symbolic link"},
	{"v1 lacks a file", func(_, in map[string]any) { in["files"] = in["files"].([]any)[:4] }, "v1 lists 2 files, v2 3"},
	{"v1 without a pad between", func(_, in map[string]any) {
		files := in["files"].([]any)
		in["files"] = append(files[:1:1], files[2:]...)
	}, "same piece"},
	{"v1 with one piece more", func(_, in map[string]any) {
		listed(in, 3)["length"] = int64(16*kib - 3 + 1)
		in["pieces"] = in["pieces"].(string) + strings.Repeat("x", 20)
	}, "number of pieces"},
	{"other order", func(_, in map[string]any) {
		files := in["files"].([]any)
		files[2], files[4] = files[4], files[2]
	}, "do not list the same files"},
	{"no layers", func(out, _ map[string]any) { delete(out, "piece layers") }, "0 bytes for 4 pieces"},
	{"layers of a wrong type", func(out, _ map[string]any) { out["piece layers"] = "x" }, "piece layers"},
	{"layer too short", func(out, in map[string]any) {
		for root, layer := range out["piece layers"].(map[string]any) {
			out["piece layers"] = map[string]any{root: layer.(string)[32:]}
		}
	}, "96 bytes for 4 pieces"},
	{"layer forged", func(out, _ map[string]any) {
		for root := range out["piece layers"].(map[string]any) {
			out["piece layers"] = map[string]any{root: strings.Repeat("x", 4*32)}
		}
	}, "do not hash to the pieces root"},
	{"no info", func(out, _ map[string]any) { delete(out, "info") }, "no info dictionary"},
	{"info of a wrong type", func(out, _ map[string]any) { out["info"] = "x" }, "dictionary is wanted"},
	{"name of a wrong type", func(_, in map[string]any) { in["name"] = int64(5) }, `"name"`},
}

func TestParseRefusesHostileTorrents(t *testing.T) {
	valid := sample(t).Marshal()
	for _, h := range hostiles {
		t.Run(h.name, func(t *testing.T) {
			var outer map[string]any
			if err := bencode.Unmarshal(valid, &outer); err != nil {
				t.Fatal(err)
			}
			h.change(outer, outer["info"].(map[string]any))
			_, err := Parse(bencode.MustMarshal(outer))
			if err == nil || !strings.Contains(err.Error(), h.want) {
				t.Fatalf("got %v, want %q", err, h.want)
			}
		})
	}
}

func TestParseRefusesBrokenBencoding(t *testing.T) {
	valid := string(sample(t).Marshal())
	cases := map[string]string{
		"empty":            "",
		"cut":              valid[:len(valid)-1],
		"more":             valid + "e",
		"list":             "l" + valid + "e",
		"unsorted":         "d1:bi1e1:ai1ee",
		"key twice":        "d1:ai1e1:ai2ee",
		"integer key":      "di1ei1ee",
		"leading zero":     "d1:ai01ee",
		"minus zero":       "d1:ai-0ee",
		"no digits":        "d1:aiee",
		"overflow":         "d1:ai9223372036854775808ee",
		"long digits":      "d1:ai" + strings.Repeat("9", 1000) + "ee",
		"length too large": "d1:a9999999999999999999:xe",
		"string past end":  "d1:a5:xe",
		"length padded":    "d1:a01:xe",
		"deep lists":       "d1:a" + strings.Repeat("l", 1_000_000),
		"deep dicts":       strings.Repeat("d1:a", 1_000_000),
	}
	for name, data := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse([]byte(data)); err == nil {
				t.Fatal("no error")
			}
		})
	}
	if _, err := Parse(make([]byte, MaxSize+1)); err == nil || !strings.Contains(err.Error(), "larger") {
		t.Errorf("too large: %v", err)
	}
}

func TestParseBoundsTheDepthOfTheTree(t *testing.T) {
	valid := sample(t).Marshal()
	var outer map[string]any
	if err := bencode.Unmarshal(valid, &outer); err != nil {
		t.Fatal(err)
	}
	info := outer["info"].(map[string]any)
	node := info["file tree"].(map[string]any)["b.txt"].(map[string]any)
	for range maxDepth + 1 {
		node = map[string]any{"d": node}
	}
	info["file tree"] = node
	if _, err := Parse(bencode.MustMarshal(outer)); err == nil || !strings.Contains(err.Error(), "64 folders") {
		t.Fatalf("got %v", err)
	}
}

func TestParseBoundsThePathsOfATree(t *testing.T) {
	// 20,000 files below folders whose names add up to 4 KB: 1 MB of tree, 80 MB of paths.
	var w writer
	w.open('d')
	w.string("info")
	w.open('d')
	w.string("file tree")
	w.open('d')
	for range 20 {
		w.string(strings.Repeat("x", 200))
		w.open('d')
	}
	for i := range 20_000 {
		w.string(fmt.Sprintf("%05d", i))
		w.leaf(&entry{}, digest{})
	}
	for range 20 + 3 {
		w.end()
	}
	if _, err := Parse(w.buf); err == nil || !strings.Contains(err.Error(), "too long together") {
		t.Fatalf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample(f).Marshal())
	f.Add([]byte("d4:infod6:lengthi5e4:name1:a12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee"))
	f.Add([]byte("d4:infod9:file treed1:ad0:d6:lengthi5e11:pieces root32:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaeee12:meta versioni2e4:name1:a12:piece lengthi16384eee"))
	f.Add([]byte("d8:announce3:a:b4:infod5:filesld6:lengthi5e4:pathl1:a1:beed4:attr1:p6:lengthi3e4:pathl4:.pad1:3eee4:name1:n12:piece lengthi7e6:pieces40:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaee8:url-list3:x:ye"))
	f.Add([]byte("d4:infod5:filesld4:attr1:p6:lengthi8eee4:name1:012:piece lengthi7e6:pieces40:0000000000000000000000000000000000000000ee")) // nothing but a pad
	f.Fuzz(func(t *testing.T, data []byte) {
		tor, err := Parse(data)
		if err != nil {
			return
		}
		if !bytes.Equal(tor.Marshal(), data) {
			t.Fatalf("Marshal gives %q for %q", tor.Marshal(), data)
		}
		var sum int64
		for _, file := range tor.Files() {
			sum += file.Length
			if err := checkPath(strings.Split(file.Path, "/")); err != nil || file.Length < 0 {
				t.Fatalf("file %+v: %v", file, err)
			}
		}
		if sum != tor.Length() || sum <= 0 {
			t.Fatalf("Length %d, files have %d", tor.Length(), sum)
		}
		if tor.InfohashV1() == "" && tor.InfohashV2() == "" {
			t.Fatal("no infohash")
		}
		magnet := tor.Magnet()
		tor.Announce(Announcement{Trackers: [][]string{{"http://t.example/announce"}}, WebSeeds: []string{"http://s.example/f/"}, Nodes: []string{"n.example:1"}, Comment: "hello"})
		again, err := Parse(tor.Marshal())
		if err != nil || again.InfohashV1()+again.InfohashV2() != tor.InfohashV1()+tor.InfohashV2() {
			t.Fatalf("after Announce: %v", err)
		}
		if !strings.HasPrefix(magnet, "magnet:?xt=urn:bt") {
			t.Fatalf("magnet %q", magnet)
		}
	})
}

// TestParseMetadata reads what clients save of a magnet: the info dictionary alone,
// or a torrent without piece layers.
func TestParseMetadata(t *testing.T) {
	root := plantTree(t, "payload", tree{"a/song.flac": 50_000, "b.txt": 3, "empty": 0})
	whole, err := Build(context.Background(), root, Options{Name: "payload", PieceLength: 16 * kib, License: "https://creativecommons.org/licenses/by/4.0/"})
	if err != nil {
		t.Fatal(err)
	}
	wrapped := "d4:info" + string(whole.InfoBytes) + "e"
	if _, err := Parse([]byte(wrapped)); err == nil {
		t.Error("a torrent without its layers was taken for whole")
	}
	for _, saved := range []string{string(whole.InfoBytes), wrapped} {
		got, err := ParseMetadata([]byte(saved))
		if err != nil {
			t.Fatal(err)
		}
		if got.InfohashV1() != whole.InfohashV1() || got.InfohashV2() != whole.InfohashV2() || got.Name() != whole.Name() || got.License() != whole.License() {
			t.Errorf("other facts: %s %s", got.Name(), got.License())
		}
	}
	for _, bad := range []string{"", "d", "de", "i1e", "d4:infodee", "d4:name1:xe"} {
		if _, err := ParseMetadata([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestWriteToWritesWhatMarshalGives(t *testing.T) {
	tor := sample(t)
	var b bytes.Buffer
	n, err := tor.WriteTo(&b)
	if err != nil || n != tor.Size() || !bytes.Equal(b.Bytes(), tor.Marshal()) {
		t.Errorf("%d bytes, %v; want %d", n, err, tor.Size())
	}
	for left := range 50 {
		full := errors.New("no space")
		n, err := tor.WriteTo(&limited{left: left, err: full})
		if !errors.Is(err, full) || n != int64(left) {
			t.Fatalf("with room for %d bytes: %d, %v", left, n, err)
		}
	}
}

// limited takes so many bytes.
type limited struct {
	left int
	err  error
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	if n < len(p) {
		return n, l.err
	}
	return n, nil
}
