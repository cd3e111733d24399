package main

import (
	"context"
	"log/slog"
)

// logger writes what happens as lines, where --log asks for them. Without it,
// what the engine says is for those who asked for more.
func (s *server) logger() *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if s.verbose && s.flags.Log != "" {
		options.Level = slog.LevelDebug
	}
	switch {
	case s.flags.Log == "json":
		return slog.New(slog.NewJSONHandler(s.stderr, options))
	case s.flags.Log == "text", s.verbose:
		return slog.New(slog.NewTextHandler(s.stderr, options))
	}
	return slog.New(slog.DiscardHandler)
}

// event tells what happened: as a log line with its attributes where there is a
// log, as a sentence for people else. Nobody's address goes into either.
func (s *server) event(level slog.Level, text string, attrs ...any) {
	if s.flags.Log != "" {
		s.log.Log(context.Background(), level, text, attrs...)
		return
	}
	s.say(func() {
		if level >= slog.LevelWarn {
			s.warn("%s", text)
		} else {
			s.message("%s", text)
		}
	})
}

// say lets f write whole lines, above the live view.
func (s *server) say(f func()) {
	s.saying.Lock()
	defer s.saying.Unlock()
	s.undraw()
	f()
}
