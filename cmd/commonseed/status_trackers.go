package main

import (
	"fmt"
	"time"

	"commonseed/seed/announce"
)

// maxTrackers is how many trackers are told of, those that fail first.
const maxTrackers = 50

// dhtURL stands for the distributed hash table among the trackers.
const dhtURL = "dht:"

// trackerStatus is how a tracker fares with all releases.
type trackerStatus struct {
	URL      string    `json:"url"`      // "dht:" is the distributed hash table
	Hashes   int       `json:"hashes"`   // infohashes to be announced there, two of a hybrid
	Taken    int       `json:"taken"`    // of them, the last time they were announced
	Failures int       `json:"failures"` // in a row; 0: it answers
	Retry    time.Time `json:"retry,omitzero"`
	Error    string    `json:"error,omitempty"`
	Warning  string    `json:"warning,omitempty"`
}

// trackersOf tells of the first trackers, and how many there are beside.
func trackersOf(all []announce.TrackerHealth) (told []trackerStatus, omitted int) {
	told = []trackerStatus{}
	for _, t := range all[:min(len(all), maxTrackers)] {
		told = append(told, trackerStatus{t.URL, t.Entries, t.Good, t.Failures, t.Retry, t.Error, t.Warning})
	}
	return told, len(all) - len(told)
}

// name is the tracker's URL, for people.
func (t trackerStatus) name() string { return trackerName(t.URL) }

func trackerName(url string) string {
	if url == dhtURL {
		return "DHT"
	}
	return url
}

// fails says whether nobody is found there.
func (t trackerStatus) fails() bool { return t.Failures > 0 || t.Taken == 0 && t.Error != "" }

// state says in words how it fares.
func (t trackerStatus) state() string {
	var text string
	switch {
	case t.Failures > 0:
		text = "fails: " + t.Error
		if !t.Retry.IsZero() {
			text += "; asked again at " + t.Retry.Local().Format("15:04")
		}
	case t.Error != "" && t.Taken == 0:
		text = "refuses: " + t.Error
	case t.Error != "":
		text = fmt.Sprintf("took %d of %d, and says of others: %s", t.Taken, t.Hashes, t.Error)
	case t.Hashes == 0:
		text = "stands by for another of its tier"
	case t.Taken == 0:
		text = "not asked yet"
	case t.Taken < t.Hashes:
		text = fmt.Sprintf("works: %d of %d announced so far", t.Taken, t.Hashes)
	default:
		text = fmt.Sprintf("works: %d announced", t.Taken)
	}
	if t.Warning != "" {
		text += "; it says: " + t.Warning
	}
	return text
}

// unfound is advice where no tracker lets us be found; "" if one does.
func unfound(trackers []trackerStatus) string {
	first := ""
	for _, t := range trackers {
		switch {
		case t.URL == dhtURL, t.Hashes == 0 && !t.fails():
		case !t.fails():
			return ""
		case first == "":
			first = "no tracker helps peers to find you: " + t.URL + " " + t.state()
		}
	}
	return first
}
