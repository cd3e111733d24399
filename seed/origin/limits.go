package origin

import (
	"golang.org/x/time/rate"
)

// Limits bound what the engine takes for itself. 0 means no limit for rates, and
// the default for counts.
type Limits struct {
	Upload        int64 `json:"upload"`         // bytes per second over all torrents
	TorrentUpload int64 `json:"release_upload"` // bytes per second of each torrent
	Peers         int   `json:"peers"`          // connections over all torrents; 0: 500
	TorrentPeers  int   `json:"release_peers"`  // connections of each torrent; 0: as many as Peers
	AddressPeers  int   `json:"address_peers"`  // connections from one address, or one IPv6 /64; 0: 20. Loopback has no such limit
}

const (
	defaultPeers        = 500
	defaultAddressPeers = 20
)

func (l Limits) filled() Limits {
	l.Peers = orDefault(l.Peers, defaultPeers)
	l.TorrentPeers = orDefault(l.TorrentPeers, l.Peers)
	l.AddressPeers = orDefault(l.AddressPeers, defaultAddressPeers)
	return l
}

// SetLimits replaces the limits while the engine runs. Peers that are connected
// stay, also when there are more than the new limits allow.
func (e *Engine) SetLimits(l Limits) {
	l = l.filled()
	e.limits.Store(&l)
	setRate(e.limit, l.Upload)
	for _, t := range e.listAwake() {
		if a := t.current(); a != nil {
			a.setLimit(l.TorrentUpload)
		}
	}
}

// setRate lets a limiter pass so many bytes per second; 0: all.
func setRate(l *rate.Limiter, bytesPerSecond int64) {
	if bytesPerSecond <= 0 {
		l.SetLimit(rate.Inf)
		return
	}
	l.SetLimit(rate.Limit(bytesPerSecond))
}

// limited says whether uploading to a peer of a has to ask the limiters.
func (e *Engine) limited(a *awake) bool {
	return e.limit.Limit() != rate.Inf || a.limit.Limit() != rate.Inf
}
