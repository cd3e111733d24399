package tracker

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"sync"
)

// ServeHTTP answers paths that end in /announce and /scrape. Refusals are a
// "failure reason" with status 200, as clients expect. BEP 3
func (t *Tracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	d := desks.Get().(*desk)
	defer desks.Put(d)
	d.body = d.body[:0]
	var err error
	switch path.Base(r.URL.Path) {
	case "announce":
		err = t.announceHTTP(d, r)
	case "scrape":
		err = t.scrapeHTTP(d, r.URL.RawQuery)
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		t.refusals.Add(1)
		d.body = append(appendString(append(d.body[:0], "d14:failure reason"...), err.Error()), 'e')
	}
	h := w.Header()
	h["Content-Type"], h["X-Content-Type-Options"], h["Cache-Control"] = textPlain, noSniff, noStore
	w.Write(d.body)
}

var textPlain, noSniff, noStore = []string{"text/plain; charset=utf-8"}, []string{"nosniff"}, []string{"no-store"}

// desk is what answering a request needs, and leaves for the next one.
type desk struct {
	query  query
	answer answer
	body   []byte
}

var desks = sync.Pool{New: func() any { return new(desk) }}

// announceHTTP writes the answer of BEP 3 with the compact lists of BEP 7 and 23
// and the address of BEP 24.
func (t *Tracker) announceHTTP(d *desk, r *http.Request) error {
	q, out := &d.query, &d.answer
	if err := parseAnnounce(r.URL.RawQuery, q); err != nil {
		return err
	}
	var err error
	if q.from, err = clientAddr(r); err != nil {
		return err
	}
	q.local = localAddr(r)
	if err := t.announce(&q.announcement, out); err != nil {
		return err
	}
	b := appendInt(append(d.body, "d8:complete"...), out.complete)
	b = appendInt(append(b, "10:downloaded"...), out.downloaded)
	b = appendString(append(b, "11:external ip"...), q.from.AsSlice())
	b = appendInt(append(b, "10:incomplete"...), out.incomplete)
	b = appendInt(append(b, "8:interval"...), out.interval)
	b = appendInt(append(b, "12:min interval"...), t.minInterval())
	b = append(b, "5:peers"...)
	if q.listed {
		b = append(appendPeers(appendPeers(append(b, 'l'), out.v4, 4), out.v6, 16), 'e')
	} else {
		b = appendString(b, out.v4)
		if len(out.v6) > 0 {
			b = appendString(append(b, "6:peers6"...), out.v6)
		}
	}
	d.body = append(b, 'e')
	return nil
}

// appendPeers writes compact peers in the older form. Their ids are left out, as
// with no_peer_id: they are not remembered. BEP 3, BEP 23
func appendPeers(b, compact []byte, size int) []byte {
	for ; len(compact) > 0; compact = compact[size+2:] {
		ip, _ := netip.AddrFromSlice(compact[:size])
		b = appendString(append(b, "d2:ip"...), ip.String())
		b = appendInt(append(b, "4:port"...), int(binary.BigEndian.Uint16(compact[size:])))
		b = append(b, 'e')
	}
	return b
}

// scrapeHTTP counts the peers of the torrents asked for. BEP 48, BEP 21
func (t *Tracker) scrapeHTTP(d *desk, raw string) error {
	hashes, err := parseScrape(raw)
	if err != nil {
		return err
	}
	slices.SortFunc(hashes, func(a, b [20]byte) int { return bytes.Compare(a[:], b[:]) })
	b := append(d.body, "d5:filesd"...)
	for _, h := range slices.Compact(hashes) {
		c, ok := t.scrape(&h)
		if !ok {
			continue
		}
		b = appendInt(append(appendString(b, h[:]), "d8:complete"...), c.complete)
		b = appendInt(append(b, "10:downloaded"...), c.downloaded)
		b = appendInt(append(b, "11:downloaders"...), c.downloaders)
		b = append(appendInt(append(b, "10:incomplete"...), c.incomplete), 'e')
	}
	d.body = append(b, "ee"...)
	t.scrapes.Add(1)
	return nil
}

// appendString writes a bencoded string.
func appendString[S string | []byte](b []byte, s S) []byte {
	b = append(strconv.AppendInt(b, int64(len(s)), 10), ':')
	return append(b, s...)
}

// appendInt writes a bencoded integer.
func appendInt(b []byte, n int) []byte {
	return append(strconv.AppendInt(append(b, 'i'), int64(n), 10), 'e')
}
