package torrentfile

import (
	"context"
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
	Root        string   `json:"root"`
	Name        string   `json:"name"`
	Files       []string `json:"files"`
	PieceLength int64    `json:"piece_length"`
	Torrent     string   `json:"torrent"`
	Magnet      string   `json:"magnet"`
}

func judge(t *testing.T, cases []judgeCase) []judgement {
	t.Helper()
	python := peers.NeedPython(t, "libtorrent")
	list := filepath.Join(t.TempDir(), "cases.json")
	data, _ := json.Marshal(cases)
	if err := os.WriteFile(list, data, 0o644); err != nil {
		t.Fatal(err)
	}
	out := peers.Run(t, python, "-W", "ignore", "testdata/judge.py", list)
	var answers []judgement
	if err := json.Unmarshal([]byte(out), &answers); err != nil || len(answers) != len(cases) {
		t.Fatalf("%d answers for %d cases, %v:\n%s", len(answers), len(cases), err, out)
	}
	return answers
}

// submit builds a torrent and writes it beside the payload for libtorrent to read.
func submit(t *testing.T, root string, files tree, o Options) (*Torrent, judgeCase) {
	t.Helper()
	o.Allow = anyName
	tor, err := Build(context.Background(), root, o)
	if err != nil {
		t.Fatal(err)
	}
	path := root + ".torrent"
	if err := os.WriteFile(path, tor.Marshal(), 0o644); err != nil {
		t.Fatal(err)
	}
	return tor, judgeCase{root, o.Name, files.paths(), tor.PieceLength(), path, tor.Magnet()}
}

func TestLibtorrentBuildsTheSameAndSeeds(t *testing.T) {
	all := append(append([]treeCase(nil), treeCases...), randomCases(40)...)
	var built []*Torrent
	var cases []judgeCase
	for _, c := range all {
		root := plantTree(t, "payload", c.files)
		tor, jc := submit(t, root, c.files, Options{Name: "payload", PieceLength: c.pieceLength})
		built, cases = append(built, tor), append(cases, jc)
	}
	for i, got := range judge(t, cases) {
		t.Run(all[i].name, func(t *testing.T) {
			v1, v2 := built[i].InfohashV1(), built[i].InfohashV2()
			if got.BuiltV1 != v1 || got.BuiltV2 != v2 {
				t.Errorf("infohashes %s, %s; libtorrent builds %s, %s\nlibtorrent: %s\nours: %q",
					v1, v2, got.BuiltV1, got.BuiltV2, got.BuiltInfo, built[i].InfoBytes)
			}
			layers := sha256.Sum256(built[i].outer["piece layers"])
			if hex.EncodeToString(layers[:]) != got.BuiltLayers {
				t.Error("piece layers differ from libtorrent's")
			}
			if got.V1 != v1 || got.V2 != v2 || got.MagnetV1 != v1 || got.MagnetV2 != v2 {
				t.Errorf("libtorrent reads other infohashes: %+v", got)
			}
			if got.State != "seeding" || got.Progress != 1 || got.Error != "" {
				t.Errorf("after a full check: %s, %v, %q", got.State, got.Progress, got.Error)
			}
		})
	}
}

func TestLibtorrentReadsWhatLiesOutsideInfo(t *testing.T) {
	files := tree{"Río/song & more.flac": 300_000, "LICENSE.txt": 900}
	root := plantTree(t, "Río – 100% libre & ñ+1", files)
	trackers := [][]string{{"http://tracker.example:6969/announce?key=a&b=c+d", "udp://two.example:80"}, {"https://tres.example/ñ"}}
	o := Options{
		Name: filepath.Base(root), License: "https://creativecommons.org/licenses/by-sa/4.0/",
		Announcement: Announcement{Trackers: trackers, WebSeeds: []string{"https://seed.example/a b/files", "http://127.0.0.1:8080/x/files/"}, Comment: "CC BY-SA 4.0 · naïve"},
		CreatedBy:    "commonseed", CreationDate: time.Unix(1_780_000_000, 0),
	}
	tor, jc := submit(t, root, files, o)
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
