package origin

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/anacrolix/torrent/bencode"
	"github.com/anacrolix/torrent/metainfo"

	"commonseed/seed/seedtest"
)

// edit changes the info dictionary of a torrent.
func edit(t *testing.T, data []byte, change func(outer, info map[string]any)) []byte {
	t.Helper()
	var outer map[string]any
	check(t, bencode.Unmarshal(data, &outer))
	change(outer, outer["info"].(map[string]any))
	return bencode.MustMarshal(outer)
}

func TestBadMetainfoIsRefused(t *testing.T) {
	v1 := seedtest.NewPayload(t, seedtest.V1).Metainfo
	hybrid := seedtest.NewPayload(t, seedtest.Hybrid).Metainfo
	firstFile := func(info map[string]any) map[string]any { return info["files"].([]any)[0].(map[string]any) }
	song := func(info map[string]any) map[string]any {
		return info["file tree"].(map[string]any)["song.bin"].(map[string]any)[""].(map[string]any)
	}
	for name, tc := range map[string]struct {
		data   []byte
		change func(outer, info map[string]any)
		says   string
	}{
		"parent path":         {v1, func(_, i map[string]any) { firstFile(i)["path"] = []string{"..", "x"} }, "file name"},
		"slash in a path":     {v1, func(_, i map[string]any) { firstFile(i)["path"] = []string{"a/b"} }, "file name"},
		"backslash in a path": {v1, func(_, i map[string]any) { firstFile(i)["path"] = []string{`a\b`} }, "file name"},
		"empty path":          {v1, func(_, i map[string]any) { firstFile(i)["path"] = []string{} }, "file path"},
		"path.utf-8 parent":   {v1, func(_, i map[string]any) { firstFile(i)["path.utf-8"] = []string{".."} }, "file name"},
		"parent name":         {v1, func(_, i map[string]any) { i["name"] = ".." }, "file name"},
		"name with a slash":   {v1, func(_, i map[string]any) { i["name.utf-8"] = "/etc" }, "file name"},
		"no name":             {v1, func(_, i map[string]any) { delete(i, "name") }, "file name"},
		"negative length":     {v1, func(_, i map[string]any) { firstFile(i)["length"] = -1 }, "out of range"},
		"enormous length":     {v1, func(_, i map[string]any) { firstFile(i)["length"] = int64(1) << 62 }, "out of range"},
		"zero pieces":         {v1, func(_, i map[string]any) { i["piece length"] = 0 }, "piece length"},
		"enormous pieces":     {v1, func(_, i map[string]any) { i["piece length"] = int64(1) << 40 }, "piece length"},
		"hash too few":        {v1, func(_, i map[string]any) { i["pieces"] = i["pieces"].(string)[20:] }, "piece hashes"},
		"half a hash":         {v1, func(_, i map[string]any) { i["pieces"] = i["pieces"].(string)[10:] }, "piece hashes"},
		"same path twice": {v1, func(_, i map[string]any) {
			files := i["files"].([]any)
			files[1].(map[string]any)["path"] = files[0].(map[string]any)["path"]
		}, "twice"},
		"odd v2 piece length": {hybrid, func(_, i map[string]any) { i["piece length"] = 40_000 }, "power of two"},
		"short pieces root":   {hybrid, func(_, i map[string]any) { song(i)["pieces root"] = "short" }, "pieces root"},
		"no pieces root":      {hybrid, func(_, i map[string]any) { delete(song(i), "pieces root") }, "pieces root"},
		"no piece layers":     {hybrid, func(o, _ map[string]any) { delete(o, "piece layers") }, "piece layer"},
		"false piece layer": {hybrid, func(o, _ map[string]any) {
			for root, layer := range o["piece layers"].(map[string]any) {
				o["piece layers"].(map[string]any)[root] = strings.Repeat("x", len(layer.(string)))
			}
		}, "pieces root"},
		"v1 and v2 differ": {hybrid, func(_, i map[string]any) {
			i["file tree"].(map[string]any)["else"] = map[string]any{"": map[string]any{"length": 0}}
		}, "v1"},
		"no file tree":            {hybrid, func(_, i map[string]any) { delete(i, "file tree") }, "file tree"},
		"empty folder":            {hybrid, func(_, i map[string]any) { i["file tree"].(map[string]any)["else"] = map[string]any{} }, "empty folder"},
		"file in a file":          {hybrid, func(_, i map[string]any) { i["file tree"].(map[string]any)["song.bin"].(map[string]any)["x"] = 1 }, "a file and a folder"},
		"files that are no list":  {v1, func(_, i map[string]any) { i["files"] = "x" }, "wanted"},
		"length that is a text":   {v1, func(_, i map[string]any) { firstFile(i)["length"] = "1" }, "integer"},
		"layers that are no list": {hybrid, func(o, _ map[string]any) { o["piece layers"] = 1 }, "piece layers"},
		"parent in the file tree": {hybrid, func(_, i map[string]any) {
			i["file tree"].(map[string]any)[".."] = map[string]any{"": map[string]any{"length": 0}}
		}, "file name"},
	} {
		_, err := readMetainfo(edit(t, tc.data, tc.change))
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want an error that says %q", name, err, tc.says)
		}
	}
	for name, bad := range map[string]string{
		"leading zero": "d4:infod6:lengthi01e4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee",
		"minus zero":   "d4:infod6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae1:zi-0ee",
		"huge string":  "d4:info9999999999999999999:", "no number": "d4:infoi1x2ee", "cut short": "d4:infod4:name1:x",
		"negative string": "d-1:4:infodee", "more follows": string(v1) + "x",
		"unsorted tree": "d4:infod9:file treed1:bd0:d6:lengthi0eee1:ad0:d6:lengthi0eeee12:meta versioni2e4:name1:x12:piece lengthi16384eee",
	} {
		if _, err := readMetainfo([]byte(bad)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	deep := []byte("d4:info" + strings.Repeat("d1:a", 5000) + "de" + strings.Repeat("e", 5001))
	if _, err := readMetainfo(deep); err == nil {
		t.Error("bottomless nesting is taken")
	}
}

// agrees compares what was read with what anacrolix/torrent reads, where that reads
// anything.
func agrees(t *testing.T, data []byte, l *layout) {
	t.Helper()
	var mi metainfo.MetaInfo
	var info metainfo.Info
	if bencode.Unmarshal(data, &mi) != nil || bencode.Unmarshal(mi.InfoBytes, &info) != nil || info.FileTree.Validate() != nil {
		return
	}
	if info.BestName() != l.name || info.PieceLength != l.pieceLength || info.HasV1() != l.hasV1 || info.HasV2() != l.hasV2 ||
		(info.Private != nil && *info.Private) != l.private || mi.HashInfoBytes() != metainfo.HashBytes(l.info) {
		t.Errorf("%+v is read as %+v", info, l)
	}
	if got, want := fmt.Sprint(l.trackers), fmt.Sprint(mi.UpvertedAnnounceList()); got != want {
		t.Errorf("trackers %s, want %s", got, want)
	}
	var got, want []string
	for _, f := range l.files {
		if !f.pad {
			got = append(got, fmt.Sprint(f.path, f.length))
		}
	}
	for _, f := range info.UpvertedFiles() {
		if !strings.Contains(f.Attr, "p") {
			want = append(want, fmt.Sprint(strings.Join(append([]string{l.name}, f.BestPath()...), "/"), f.Length))
		}
	}
	if len(want) == 1 && len(info.FileTree.Dir[l.name].Dir) == 0 && want[0] == fmt.Sprint(l.name+"/"+l.name, l.payload) && info.HasV2() {
		want[0] = fmt.Sprint(l.name, l.payload)
	}
	if !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
}

func TestMetainfoIsReadAsOthersReadIt(t *testing.T) {
	for _, v := range []seedtest.Version{seedtest.V1, seedtest.V2, seedtest.Hybrid} {
		for _, data := range [][]byte{seedtest.PayloadOf(t, v, awkward).Metainfo, seedtest.NewPayload(t, v).Metainfo} {
			for _, change := range []func(outer, info map[string]any){
				func(_, _ map[string]any) {},
				func(o, i map[string]any) {
					o["announce"], i["private"], i["name.utf-8"] = "http://one.example/", 1, "better"
					o["announce-list"] = []any{[]any{"http://two.example/"}, []any{"udp://three.example:1", "http://four.example/"}}
				},
				func(o, _ map[string]any) { o["announce"], o["announce-list"] = "http://one.example/", []any{} },
				func(o, _ map[string]any) { o["announce"], o["announce-list"] = "http://one.example/", "none" },
			} {
				changed := edit(t, data, change)
				l, err := readMetainfo(changed)
				check(t, err)
				agrees(t, changed, l)
			}
		}
	}
}

func TestLayoutsCoverTheByteSpace(t *testing.T) {
	for _, v := range []seedtest.Version{seedtest.V1, seedtest.V2, seedtest.Hybrid} {
		p := seedtest.PayloadOf(t, v, awkward)
		l, err := readMetainfo(p.Metainfo)
		check(t, err)
		if l.payload != p.Size || l.infohash() != p.Infohash {
			t.Errorf("%v: payload %d, infohash %s; want %d, %s", v, l.payload, l.infohash(), p.Size, p.Infohash)
		}
		var sum int64
		for i := range l.numPieces() {
			at := int64(i) * l.pieceLength
			for _, seg := range l.segments(at, l.pieceSize(i)) {
				if f := l.files[seg.file]; f.offset+seg.off != at || seg.off+seg.n > f.length {
					t.Fatalf("%v: piece %d: segment %+v of file %+v", v, i, seg, f)
				}
				at += seg.n
				sum += seg.n
			}
		}
		if sum != l.length {
			t.Errorf("%v: pieces hold %d bytes of %d", v, sum, l.length)
		}
	}
}

// A hash tree over n leaves is right if each answer leads to the root.
func TestHashRequestsProveThemselves(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 3, 4, 5, 8, 13, 64, 600} {
		var layer []byte
		for i := range n {
			h := sha256.Sum256(fmt.Append(nil, i))
			layer = append(layer, h[:]...)
		}
		tree := newHashTree(splitHashes(layer), 1)
		height := tree.top() - 1
		width := uint32(1) << height
		for count := uint32(2); count <= min(width, 512); count *= 2 {
			for index := uint32(0); index < width; index += count {
				q := hashRequest{base: 1, index: index, count: count, proofs: uint32(height - 1)}
				if !q.fits(tree.top()) {
					t.Fatalf("%d leaves: %d hashes from %d on are refused", n, count, index)
				}
				hashes := q.answer(tree.top(), tree.node)
				if got := climb(hashes, index, count); got != tree.root() {
					t.Fatalf("%d leaves: %d hashes from %d on do not lead to the root", n, count, index)
				}
			}
		}
	}
}

// climb does what the receiver of an answer does: fold the hashes it asked for,
// then go up along the uncles.
func climb(hashes []byte, index, count uint32) hash32 {
	var row []hash32
	for i := range count {
		row = append(row, hash32(hashes[i*32:]))
	}
	for len(row) > 1 {
		for i := range len(row) / 2 {
			row[i] = pair(row[2*i], row[2*i+1])
		}
		row = row[:len(row)/2]
	}
	at := index / count
	for uncles := hashes[count*32:]; len(uncles) > 0; uncles = uncles[32:] {
		if at%2 == 0 {
			row[0] = pair(row[0], hash32(uncles))
		} else {
			row[0] = pair(hash32(uncles), row[0])
		}
		at /= 2
	}
	return row[0]
}

func TestSenselessHashRequestsAreRefused(t *testing.T) {
	for _, q := range [][3]uint32{
		{0, 0, 0}, {0, 1, 0}, {0, 3, 0}, {1, 2, 0}, {1024, 2, 0}, {0, 2048, 0}, {0, 1 << 31, 0},
		{1 << 31, 1 << 31, 0}, {0, 2, 10}, {0, 2, 1 << 31}, {1022, 4, 0},
	} {
		if (hashRequest{base: 1, index: q[0], count: q[1], proofs: q[2]}).fits(11) { // 1024 wide
			t.Errorf("index %d count %d proofs %d is answered", q[0], q[1], q[2])
		}
	}
	for _, base := range []uint32{11, 12, 1 << 31} {
		if (hashRequest{base: base, count: 2}).fits(11) {
			t.Errorf("layer %d of 11 is answered", base)
		}
	}
}

func FuzzReadMetainfo(f *testing.F) {
	for _, v := range []seedtest.Version{seedtest.V1, seedtest.V2, seedtest.Hybrid} {
		f.Add(seedtest.NewPayload(f, v).Metainfo)
	}
	f.Add([]byte("d4:infod6:lengthi5e4:name1:x12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := readMetainfo(data)
		if err != nil {
			return
		}
		agrees(t, data, l)
		if l.numPieces() > 1<<16 {
			return
		}
		for i := range l.numPieces() {
			segs := l.segments(int64(i)*l.pieceLength, l.pieceSize(i))
			if first := &l.files[segs[0].file]; l.hasV2 && !first.pad {
				l.v2Hash(i, first)
			}
			if l.hasV1 {
				l.v1Hash(i)
			}
		}
		for _, file := range l.files {
			if !file.pad && (strings.Contains(file.path, "..") && strings.Contains("/"+file.path+"/", "/../") || strings.HasPrefix(file.path, "/")) {
				t.Errorf("path %q leaves the root", file.path)
			}
		}
	})
}
