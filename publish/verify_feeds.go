package publish

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"commonseed/feed"
)

// checkFeed looks for the release in the torrent feed of its channel.
func (r *Release) checkFeed() error {
	item, err := r.feedItem("torrents*.xml", r.Torrent.InfohashV1)
	if err != nil {
		return err
	}
	return errors.Join(agree("enclosure", item.Enclosure, r.TorrentURL(r.BaseURL)), agree("licence", item.License, r.License),
		agree("infohash", item.Infohash, r.Torrent.InfohashV1), agree("magnet", item.Magnet, r.Torrent.Magnet))
}

// checkPodcast looks for the release in the podcast feed: the enclosed file must
// be one of the payload, under that file's licence.
func (r *Release) checkPodcast() error {
	media, ok := r.MainMedia()
	if !ok {
		return nil // there is nothing to enclose
	}
	item, err := r.feedItem("podcast*.xml", r.ID)
	if err != nil {
		return err
	}
	want := media.License
	if want == "" {
		want = r.License
	}
	return errors.Join(agree("enclosure", item.Enclosure, r.FileURL(r.BaseURL, media.Path)), agree("licence", item.License, want),
		agree("length", item.Length, strconv.FormatInt(media.Size, 10)))
}

// agree compares what a feed says with what the record says.
func agree(what, got, want string) error {
	if got != want {
		return fmt.Errorf("%s: the feed says %q, the record %q", what, got, want)
	}
	return nil
}

// feedItem finds the item of this guid in the pages of an RSS feed. Pages that
// do not hold it at all are not parsed.
func (r *Release) feedItem(pattern, guid string) (feed.Item, error) {
	var found feed.Item
	err := eachPage(filepath.Dir(r.Dir), pattern, guid, func(data []byte) (bool, error) {
		doc, err := feed.Read(data)
		if err != nil {
			return false, err
		}
		for _, item := range doc.Items {
			if item.GUID == guid {
				found = item
				return true, nil
			}
		}
		return false, nil
	})
	return found, err
}

// eachPage hands f the feed pages that hold the text, until f has found what it
// looks for. It is an error if no page does.
func eachPage(public, pattern, text string, f func(data []byte) (bool, error)) error {
	pages, err := fs.Glob(os.DirFS(public), pattern)
	if err != nil {
		return err
	}
	for _, page := range pages {
		data, err := ReadBounded(filepath.Join(public, page), feed.MaxDocument)
		if err != nil {
			return err
		}
		if !bytes.Contains(data, []byte(text)) {
			continue
		}
		found, err := f(data)
		if err != nil {
			return fmt.Errorf("%s: %w", page, err)
		}
		if found {
			return nil
		}
	}
	return fmt.Errorf("no item has the id %s", text)
}

// checkJSONFeed looks for the release in the JSON feed.
func (r *Release) checkJSONFeed() error {
	return eachPage(filepath.Dir(r.Dir), "feed*.json", r.Torrent.InfohashV1, func(data []byte) (bool, error) {
		var doc struct {
			Items []struct {
				License struct{ URL string } `json:"_license"`
				Torrent struct {
					InfohashV1 string `json:"infohash_v1"`
				} `json:"_torrent"`
			} `json:"items"`
		}
		if err := json.Unmarshal(data, &doc); err != nil {
			return false, err
		}
		for _, item := range doc.Items {
			if item.Torrent.InfohashV1 == r.Torrent.InfohashV1 {
				return true, agree("licence", item.License.URL, r.License)
			}
		}
		return false, nil
	})
}

// checkChannel looks for the release on the channel's page, and for the feeds in
// the list of feeds.
func (r *Release) checkChannel() error {
	public := filepath.Dir(r.Dir)
	var errs []error
	page, err := ReadBounded(filepath.Join(public, "index.html"), feed.MaxDocument)
	if err == nil && !bytes.Contains(page, []byte(`"`+r.Slug+"/")) && !bytes.Contains(page, []byte("/"+r.Slug+"/")) {
		err = fmt.Errorf("index.html does not link to %s/", r.Slug)
	}
	errs = append(errs, err)
	list, err := ReadBounded(filepath.Join(public, "channels.opml"), feed.MaxDocument)
	for _, name := range []string{"torrents.xml", "podcast.xml"} {
		if err == nil && !bytes.Contains(list, []byte(name)) {
			err = fmt.Errorf("channels.opml does not name %s", name)
		}
	}
	return errors.Join(append(errs, err)...)
}

// maxText bounds a notice or sidecar, in bytes.
const maxText = 16 << 20

// ReadBounded reads a regular file of a bounded size.
func ReadBounded(name string, most int64) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &FileError{Path: name, Err: ErrNotRegular}
	case info.Size() > most:
		return nil, fmt.Errorf("%s is larger than %d bytes", name, most)
	}
	return os.ReadFile(name)
}
