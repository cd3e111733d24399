package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// makeMP3s makes files of about 100 KB with the tags that an encoder leaves.
func makeMP3s(ctx context.Context, dir string, count int) error {
	return copies(ctx, filepath.Join(dir, "mp3"), "sound.mp3", count, "-f", "lavfi", "-i", "sine=f=300:b=4", "-t", "6", "-b:a", "128k")
}

// makeJPEGs makes pictures of about 70 KB.
func makeJPEGs(ctx context.Context, dir string, count int) error {
	return copies(ctx, filepath.Join(dir, "jpeg"), "picture.jpg", count, "-f", "lavfi", "-i", "testsrc2=s=640x480,noise=alls=20", "-frames:v", "1", "-q:v", "3")
}

// copies makes one file with ffmpeg, and as many of it as are wanted.
func copies(ctx context.Context, dir, name string, count int, options ...string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := command(ctx, dir, "ffmpeg", append(append([]string{"-v", "error"}, options...), name)...); err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	for i := range count - 1 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d-%s", i, name)), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
