package publish

import (
	"bytes"
	_ "embed"
	"fmt"
	"reflect"
	"text/template"

	"github.com/pelletier/go-toml/v2"
)

//go:embed commonseed.toml.tmpl
var configText string

var configTemplate = template.Must(template.New("commonseed.toml").Funcs(template.FuncMap{
	"line": configLine,
	"list": func(s ...string) []string { return s },
}).Parse(configText))

// ConfigText is the commonseed.toml of a new channel: every key with a comment,
// and in force those that c gives or that the creator's name answers.
func ConfigText(c *Config, creator string) ([]byte, error) {
	if creator == "" {
		creator = c.Creator
	}
	var b bytes.Buffer
	err := configTemplate.Execute(&b, map[string]any{"Creator": creator, "Channel": c.Channel, "Seed": c.Seed})
	return b.Bytes(), err
}

// configLine writes a key with its value, or commented out with an example.
func configLine(key string, value, example any) (string, error) {
	comment := ""
	if v := reflect.ValueOf(value); !v.IsValid() || v.IsZero() {
		comment, value = "# ", example
	}
	line, err := toml.Marshal(map[string]any{key: value})
	if err != nil {
		return "", fmt.Errorf("key %s: %w", key, err)
	}
	return comment + string(bytes.TrimSpace(line)), nil
}
