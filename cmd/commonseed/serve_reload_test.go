package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"commonseed/publish"
	"commonseed/seed/origin"
)

func TestLimitsChangeWithTheHourAndTheFile(t *testing.T) {
	var out bytes.Buffer
	s, ch := newServer(t, context.Background(), &out)
	s.channels = []*served{newServed(ch, "http://127.0.0.1/")}
	s.look()
	now := time.Date(2026, 3, 28, 7, 59, 59, 0, time.Local)
	s.now = func() time.Time { return now }
	config := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(ch.Dir, publish.ConfigName), []byte("[seed]\n"+text), 0o644); err != nil {
			t.Fatal(err)
		}
		s.reload(context.Background())
	}
	expect := func(want origin.Limits) {
		t.Helper()
		s.applyLimits()
		if got := s.engine.Report().Limits; got.Upload != want.Upload || got.TorrentUpload != want.TorrentUpload || want.Peers != 0 && got != want {
			t.Errorf("at %s: %+v, want %+v", now.Format("15:04"), got, want)
		}
	}
	expect(origin.Limits{})
	config("upload_limit = 2000\nschedule = ['08:00-18:00 500', '22:00-6:00 0']\n")
	expect(origin.Limits{Upload: 2000 * 1024})
	for _, c := range []struct {
		after time.Duration
		want  int64
	}{{time.Second, 500}, {9 * time.Hour, 500}, {time.Hour, 2000}, {4 * time.Hour, 0}, {8 * time.Hour, 2000}} {
		now = now.Add(c.after)
		expect(origin.Limits{Upload: c.want * 1024})
	}
	config("release_upload_limit = 7\npeers = 30\nrelease_peers = 10\naddress_peers = 3\n")
	expect(origin.Limits{TorrentUpload: 7 * 1024, Peers: 30, TorrentPeers: 10, AddressPeers: 3})

	out.Reset()
	for _, broken := range []string{"upload_limit = 'much'\n", "schedule = ['8-9']\n", "uploadlimit = 5\n", "peers = -1\n", "= \xff"} {
		config(broken)
		expect(origin.Limits{TorrentUpload: 7 * 1024, Peers: 30, TorrentPeers: 10, AddressPeers: 3})
	}
	if n := strings.Count(out.String(), "warning: not reloaded, all stays as it was: "); n != 5 {
		t.Errorf("%d of 5 broken files were told of:\n%s", n, out.String())
	}
	if s.channels[0].Config.Seed.Peers != 30 {
		t.Errorf("the configuration in force is %+v", s.channels[0].Config.Seed)
	}
}

func TestWhatNeedsANewStartIsSaid(t *testing.T) {
	var out bytes.Buffer
	s, ch := newServer(t, context.Background(), &out)
	s.channels = []*served{newServed(ch, "http://127.0.0.1/")}
	s.look()
	for text, want := range map[string]bool{"dht = false": true, "dht = true": false, "status = '127.0.0.1:1'": true, "upload_limit = 5": false} {
		config, err := publish.ReadConfig(writeConfig(t, text))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.rebound(config); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func writeConfig(t *testing.T, seed string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), publish.ConfigName)
	if err := os.WriteFile(file, []byte("[seed]\n"+seed+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}
