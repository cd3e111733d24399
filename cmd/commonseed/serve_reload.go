package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"commonseed/publish"
	"commonseed/seed/origin"
)

// kib is the unit of rates in commonseed.toml.
const kib = 1024

// limitsOf are the limits that hold at a moment.
func limitsOf(c *publish.SeedConfig, now time.Time) origin.Limits {
	return origin.Limits{
		Upload:        c.UploadLimitAt(now) * kib,
		TorrentUpload: c.ReleaseUploadLimit * kib,
		Peers:         c.Peers,
		TorrentPeers:  c.ReleasePeers,
		AddressPeers:  c.AddressPeers,
	}
}

// applyLimits puts into force what commonseed.toml says for this hour. Of several
// channels, the first one's counts: there is one uplink.
func (s *server) applyLimits() {
	limits := limitsOf(&s.channels[0].channel().Config.Seed, s.now())
	if limits == s.limits {
		return
	}
	s.limits = limits
	s.engine.SetLimits(limits)
	l := s.engine.Report().Limits
	s.event(slog.LevelInfo, "limits changed: "+limitText(l.Upload)+" over all releases", "upload", l.Upload,
		"release_upload", l.TorrentUpload, "peers", l.Peers, "release_peers", l.TorrentPeers, "address_peers", l.AddressPeers)
}

func limitText(bytesPerSecond int64) string {
	if bytesPerSecond == 0 {
		return "no upload limit"
	}
	return fmt.Sprintf("%d KiB/s", bytesPerSecond/kib)
}

// channel is for those who do not follow the channels themselves.
func (c *served) channel() *publish.Channel {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Channel
}

// reload reads commonseed.toml and the templates of all channels again, and then the
// channels. If one of them cannot be read, all stays as it was.
func (s *server) reload(ctx context.Context) {
	s.manager.tell("RELOADING=1")
	defer s.manager.tell("READY=1")
	var reopened []*publish.Channel
	for _, c := range s.channels {
		ch, err := s.existingChannel(c.Dir)
		if err != nil {
			text := fmt.Sprintf("not reloaded, all stays as it was: %v", err)
			if hint := advise(err).hint; hint != "" {
				text += "; " + hint
			}
			s.event(slog.LevelError, text)
			return
		}
		if s.baseURL != "" {
			ch.Config.Channel.BaseURL = s.baseURL
		}
		reopened = append(reopened, ch)
	}
	for i, c := range s.channels {
		if i == 0 && s.rebound(reopened[0].Config) {
			s.event(slog.LevelWarn, "http, peer_port, dht and status in commonseed.toml hold from the next start on")
		}
		c.mu.Lock()
		c.Channel = reopened[i]
		c.mu.Unlock()
		c.stale, c.seen = true, mark{}
	}
	s.event(slog.LevelInfo, "reloaded "+count(len(s.channels), "channel"))
	s.reread(ctx)
}

// rebound says whether a new configuration asks for other ports than the present one.
func (s *server) rebound(next *publish.Config) bool {
	now := s.channels[0].Config
	dht := func(c *publish.Config) bool { return c.Seed.DHT == nil || *c.Seed.DHT }
	return s.address(now) != s.address(next) || s.peerPort(now) != s.peerPort(next) ||
		dht(now) != dht(next) || s.pagesAddress(now) != s.pagesAddress(next)
}
