package publish

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestUnknownKeysAreRefusedWithThePlaceAndTheNearestKey(t *testing.T) {
	for _, c := range []struct {
		toml       string
		line, col  int
		key, nearK string
	}{
		{"title = 'a'\nlicence = 'cc0'\n", 2, 1, "licence", "license"},
		{"[channel]\nbase-url = 'x'\n", 2, 1, "base-url", "base_url"},
		{"[[work]]\ntitle='a'\n[[work.files]]\npaht = 'x'\n", 4, 1, "paht", "path"},
		{"  zebra = 1\n", 1, 3, "zebra", ""},
		{"[seeds]\nhttp = ''\n", 1, 2, "seeds", "seed"},
	} {
		_, err := parseConfig("commonseed.toml", []byte(c.toml))
		var ce *ConfigError
		if !errors.As(err, &ce) {
			t.Errorf("%q: %v, want a ConfigError", c.toml, err)
			continue
		}
		if ce.Line != c.line || ce.Col != c.col || ce.Key != c.key || ce.Near != c.nearK {
			t.Errorf("%q: got %d:%d %q near %q, want %d:%d %q near %q", c.toml, ce.Line, ce.Col, ce.Key, ce.Near, c.line, c.col, c.key, c.nearK)
		}
	}
}

func TestMalformedConfigHasAPlace(t *testing.T) {
	for _, text := range []string{"title = \n", "a = [1,\n", "title = 3\n", "\xff = 1\n", "= 1"} {
		_, err := parseConfig("commonseed.toml", []byte(text))
		var ce *ConfigError
		if !errors.As(err, &ce) || ce.Line < 1 {
			t.Errorf("%q: %v, want a ConfigError with a line", text, err)
		}
	}
}

func TestConfigTextIsReadBack(t *testing.T) {
	own := true
	c := &Config{Channel: ChannelConfig{Title: `Ana "the tide" Ruiz`, BaseURL: "https://ana.example/c/",
		Links: []LinkConfig{{Rel: "support", Title: "Help", URL: "https://ana.example/s"}}},
		Seed: SeedConfig{Trackers: []string{"udp://t.example:1/announce"}, OwnTracker: &own, UploadLimit: 100,
			Schedule: []string{"08:00-18:00 500"}, ReleaseUploadLimit: 7, Peers: 9, ReleasePeers: 8, AddressPeers: 5, Status: "127.0.0.1:1"}}
	text, err := ConfigText(c, "Ana")
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseConfig("commonseed.toml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if got.Channel.Title != c.Channel.Title || got.Channel.BaseURL != c.Channel.BaseURL || len(got.Channel.Links) != 1 ||
		got.Seed.Trackers[0] != c.Seed.Trackers[0] || got.Seed.UploadLimit != 100 || !*got.Seed.OwnTracker || got.Creator != "Ana" {
		t.Errorf("read back %+v\n%s", got, text)
	}
	if s := got.Seed; !slices.Equal(s.Schedule, c.Seed.Schedule) || s.ReleaseUploadLimit != 7 || s.Peers != 9 || s.ReleasePeers != 8 || s.AddressPeers != 5 || s.Status != "127.0.0.1:1" {
		t.Errorf("read back %+v\n%s", s, text)
	}
	if !got.DescribesChannel() {
		t.Error("the channel's own file is not known as one")
	}
}

func TestEveryKeyIsInTheCommentedConfig(t *testing.T) {
	for _, key := range []string{"creator", "license", "language", "attribution_url", "title", "description", "email",
		"base_url", "image", "category", "explicit", "links", "trackers", "web_seeds", "own_tracker", "upload_limit",
		"schedule", "release_upload_limit", "peers", "release_peers", "address_peers", "http", "peer_port", "dht", "status", "paths", "date", "tags"} {
		if !strings.Contains(configText, key) {
			t.Errorf("the commented commonseed.toml does not explain %q", key)
		}
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte("title = 'a'\n[channel]\nbase_url = 'https://a/'\n[[work]]\npaths = ['x']\n[[work.files]]\npath = 'y'\n"))
	f.Add([]byte("date = 2026-05-01\n"))
	f.Add([]byte("[work]\nlicence = 1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseConfig("commonseed.toml", data)
		if err != nil {
			var ce *ConfigError
			if !errors.As(err, &ce) {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		c.DescribesChannel()
		_, _ = Works(nil, Description{}, []*Config{c})
	})
}
