package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"commonseed/feed"
	"commonseed/license/stamp"
	"commonseed/publish/torrentfile"
)

// showMagnet shows what a magnet link says itself (BEP 9), which is little.
func (e *env) showMagnet(link string) error {
	u, err := url.Parse(link)
	if err != nil {
		return err
	}
	q := u.Query()
	f := facts{Kind: "magnet", Path: link, Title: q.Get("dn"), Agree: true}
	for _, topic := range q["xt"] {
		switch {
		case strings.HasPrefix(topic, "urn:btih:"):
			f.add("infohash v1", strings.TrimPrefix(topic, "urn:btih:"))
		case strings.HasPrefix(topic, "urn:btmh:1220"):
			f.add("infohash v2", strings.TrimPrefix(topic, "urn:btmh:1220"))
		}
	}
	if len(f.Facts) == 0 {
		return &usageError{fmt.Errorf("%s: is no magnet link to a torrent", printable(link))}
	}
	for _, tracker := range q["tr"] {
		f.add("tracker", tracker)
	}
	for _, seed := range q["ws"] {
		f.add("web seed", seed)
	}
	e.show(f)
	return nil
}

// Bounds on what is fetched.
const (
	fetchTimeout   = 20 * time.Second
	fetchRedirects = 5
)

// showAddress fetches a feed, a torrent, a page or a small file, and shows it.
func (e *env) showAddress(address string) error {
	data, err := fetch(e.ctx, address)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(data, []byte("d")) {
		if t, err := torrentfile.Parse(data); err == nil {
			e.show(torrentFacts("torrent", address, t))
			return nil
		}
	}
	if doc, err := feed.Read(data); err == nil {
		e.showFeed(address, doc)
		return nil
	}
	f := facts{Kind: "file", Path: address, Agree: true}
	format, found, err := stamp.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("%s: %w", address, err)
	}
	if format == "html" {
		f.Kind = "page"
	}
	f.statements(found)
	e.show(f)
	return nil
}

// fetch gets a document from the web, within bounds.
func fetch(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, &usageError{err}
	}
	req.Header.Set("User-Agent", "commonseed")
	client := http.Client{CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > fetchRedirects {
			return fmt.Errorf("more than %d redirects", fetchRedirects)
		}
		return nil
	}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return nil, &fetchError{err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &fetchError{fmt.Errorf("%s: the server answers %s", address, resp.Status)}
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, feed.MaxDocument+1))
	if err != nil {
		return nil, &fetchError{fmt.Errorf("%s: %w", address, err)}
	}
	if len(data) > feed.MaxDocument {
		return nil, fmt.Errorf("%s: is larger than %s; download it and show the file", address, bytesText(feed.MaxDocument))
	}
	return data, nil
}

// fetchError is an address that could not be fetched.
type fetchError struct{ error }

func (e *fetchError) Unwrap() error { return e.error }
