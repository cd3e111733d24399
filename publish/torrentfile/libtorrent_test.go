package torrentfile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"commonseed/internal/peers"
)

// judgement is what testdata/judge.py answers for one case.
type judgement struct {
	BuiltV1        string   `json:"built_v1"`
	BuiltV2        string   `json:"built_v2"`
	BuiltLayers    string   `json:"built_layers"`
	BuiltInfo      string   `json:"built_info"`
	V1             string   `json:"v1"`
	V2             string   `json:"v2"`
	Trackers       []string `json:"trackers"`
	WebSeeds       []string `json:"web_seeds"`
	Comment        string   `json:"comment"`
	Creator        string   `json:"creator"`
	Created        int64    `json:"created"`
	MagnetName     string   `json:"magnet_name"`
	MagnetV1       string   `json:"magnet_v1"`
	MagnetV2       string   `json:"magnet_v2"`
	MagnetTrackers []string `json:"magnet_trackers"`
	MagnetWebSeeds []string `json:"magnet_web_seeds"`
	State          string   `json:"state"`
	Progress       float64  `json:"progress"`
	Error          string   `json:"error"`
}

type judgeCase struct {
	Root        string      `json:"root"`
	Name        string      `json:"name"`
	Mode        int         `json:"mode"`
	Single      bool        `json:"single"`
	Files       []judgeFile `json:"files"`
	PieceLength int64       `json:"piece_length"`
	Torrent     string      `json:"torrent"`
	Magnet      string      `json:"magnet"`
	Save        string      `json:"save"` // the folder to look for the payload in
	Recheck     bool        `json:"recheck"`
}

type judgeFile struct {
	Path       string `json:"path"`
	Executable bool   `json:"executable"`
	Link       string `json:"link"`
}

// libtorrentMode is libtorrent's flag for a mode.
var libtorrentMode = map[Mode]int{Hybrid: 0, V1: 64, V2: 32}

func judge(t *testing.T, cases []judgeCase) []judgement {
	t.Helper()
	python := peers.NeedPython(t, "libtorrent")
	list := filepath.Join(t.TempDir(), "cases.json")
	data, _ := json.Marshal(cases)
	must(t, os.WriteFile(list, data, 0o644))
	out := peers.Run(t, python, "-W", "ignore", "testdata/judge.py", list)
	var answers []judgement
	if err := json.Unmarshal([]byte(out), &answers); err != nil || len(answers) != len(cases) {
		t.Fatalf("%d answers for %d cases, %v:\n%s", len(answers), len(cases), err, out)
	}
	return answers
}

// submit builds a torrent and writes it beside the payload for libtorrent to read.
func submit(t *testing.T, c treeCase, root string, o Options) (*Torrent, judgeCase) {
	t.Helper()
	tor := build(t, root, o)
	path := root + ".torrent"
	must(t, os.WriteFile(path, tor.Marshal(), 0o644))
	jc := judgeCase{Root: root, Name: tor.Name(), Mode: libtorrentMode[o.Mode], Single: c.single,
		PieceLength: tor.PieceLength(), Torrent: path, Magnet: tor.Magnet(), Save: filepath.Dir(root), Recheck: true}
	if o.Mode == V2 && c.flat() {
		jc.Save = root
	}
	for _, path := range c.files.paths() {
		jc.Files = append(jc.Files, judgeFile{Path: path, Executable: slices.Contains(c.executable, path)})
	}
	return tor, jc
}

func TestLibtorrentBuildsTheSameAndSeeds(t *testing.T) {
	peers.NeedPython(t, "libtorrent")
	for mode, cases := range map[Mode][]treeCase{
		Hybrid: append(slices.Clone(treeCases), randomCases(200)...),
		V1:     append(slices.Clone(treeCases), randomCases(20)...),
		V2:     append(slices.Clone(treeCases), randomCases(20)...),
	} {
		t.Run(modeNames[mode], func(t *testing.T) {
			t.Parallel()
			libtorrentBuildsTheSame(t, mode, cases)
		})
	}
}

func libtorrentBuildsTheSame(t *testing.T, mode Mode, all []treeCase) {
	var built []*Torrent
	var cases []judgeCase
	for _, c := range all {
		tor, jc := submit(t, c, c.plant(t), Options{Mode: mode, PieceLength: c.pieceLength})
		built, cases = append(built, tor), append(cases, jc)
	}
	for i, got := range judge(t, cases) {
		t.Run(all[i].name, func(t *testing.T) {
			sameAsLibtorrent(t, built[i], got)
			if got.State != "seeding" || got.Progress != 1 || got.Error != "" {
				t.Errorf("after a full check: %s, %v, %q", got.State, got.Progress, got.Error)
			}
		})
	}
}

// sameAsLibtorrent wants what libtorrent built, and what it reads in ours.
func sameAsLibtorrent(t *testing.T, tor *Torrent, got judgement) {
	t.Helper()
	v1, v2 := tor.InfohashV1(), tor.InfohashV2()
	if v1 != "" && got.BuiltV1 != v1 || v2 != "" && got.BuiltV2 != v2 {
		t.Errorf("infohashes %s, %s; libtorrent builds %s, %s\nlibtorrent: %s\nours: %.4000q",
			v1, v2, got.BuiltV1, got.BuiltV2, got.BuiltInfo, tor.InfoBytes)
	}
	layers := sha256.Sum256(tor.outer["piece layers"])
	if v2 != "" && hex.EncodeToString(layers[:]) != got.BuiltLayers {
		t.Error("piece layers differ from libtorrent's")
	}
	if got.V1 != v1 || got.V2 != v2 || got.MagnetV1 != v1 || got.MagnetV2 != v2 {
		t.Errorf("libtorrent reads other infohashes: %+v", got)
	}
}

// TestTheTreesHaveAllPieceLengths, or the comparison with libtorrent would not say much.
func TestTheTreesHaveAllPieceLengths(t *testing.T) {
	seen := map[int64]bool{}
	for _, c := range treeCases {
		seen[c.pieceLength] = true
	}
	for n := int64(minPieceLength); n <= maxPieceLength; n *= 2 {
		if !seen[n] {
			t.Errorf("no tree has pieces of %d bytes", n)
		}
	}
	if len(treeCases) < 40 {
		t.Errorf("%d trees", len(treeCases))
	}
}

func TestLibtorrentReadsWhatLiesOutsideInfo(t *testing.T) {
	c := treeCase{files: tree{"Río/song & more.flac": 300_000, "LICENSE.txt": 900}}
	root := plantTree(t, "Río – 100% libre & ñ+1", c.files)
	trackers := [][]string{{"http://tracker.example:6969/announce?key=a&b=c+d", "udp://two.example:80"}, {"https://tres.example/ñ"}}
	o := Options{
		Name: filepath.Base(root), License: "https://creativecommons.org/licenses/by-sa/4.0/",
		Announcement: Announcement{Trackers: trackers, WebSeeds: []string{"https://seed.example/a b/files", "http://127.0.0.1:8080/x/files/"}, Comment: "CC BY-SA 4.0 · naïve"},
		CreatedBy:    "commonseed", CreationDate: time.Unix(1_780_000_000, 0),
	}
	tor, jc := submit(t, c, root, o)
	got := judge(t, []judgeCase{jc})[0]
	flat := []string{trackers[0][0], trackers[0][1], trackers[1][0]}
	seeds := []string{"https://seed.example/a b/files/", "http://127.0.0.1:8080/x/files/"}
	slices.Sort(got.Trackers) // libtorrent shuffles inside a tier
	if !reflect.DeepEqual(got.MagnetTrackers, flat) || !reflect.DeepEqual(got.Trackers, slices.Sorted(slices.Values(flat))) {
		t.Errorf("trackers %q, in the magnet %q; want %q", got.Trackers, got.MagnetTrackers, flat)
	}
	if !reflect.DeepEqual(got.MagnetWebSeeds, seeds) {
		t.Errorf("web seeds in the magnet %q, want %q", got.MagnetWebSeeds, seeds)
	}
	if len(got.WebSeeds) != 2 {
		t.Errorf("web seeds %q, want %q", got.WebSeeds, seeds)
	}
	if got.MagnetName != o.Name || got.Comment != o.Comment || got.Creator != o.CreatedBy || got.Created != 1_780_000_000 {
		t.Errorf("read back %+v", got)
	}
	if got.V1 != tor.InfohashV1() || got.V2 != tor.InfohashV2() || got.MagnetV1 != got.V1 || got.MagnetV2 != got.V2 {
		t.Errorf("infohashes differ: %+v", got)
	}
	if got.State != "seeding" || got.Progress != 1 {
		t.Errorf("after a full check: %s, %v, %q", got.State, got.Progress, got.Error)
	}
}
