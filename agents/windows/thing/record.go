package thing

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Record is what is known of a thing, in order.
type Record []Field

// Field is one line of a record.
type Field struct{ Name, Value string }

// Get is the value of a field; empty if there is none.
func (r Record) Get(name string) string {
	for _, field := range r {
		if field.Name == name {
			return field.Value
		}
	}
	return ""
}

func (r Record) without(name string) Record {
	var others Record
	for _, field := range r {
		if field.Name != name {
			others = append(others, field)
		}
	}
	return others
}

func (r Record) String() string {
	var text strings.Builder
	for _, field := range r {
		fmt.Fprintf(&text, "%s=%s\n", field.Name, field.Value)
	}
	return text.String()
}

func parseRecord(text string) Record {
	var record Record
	for _, line := range strings.Split(text, "\n") {
		if name, value, found := strings.Cut(line, "="); found {
			record = append(record, Field{name, value})
		}
	}
	return record
}

// Read reads the record; without one, false.
func (p Place) Read() (Record, bool) {
	text, err := os.ReadFile(p.Path("record"))
	return parseRecord(string(text)), err == nil
}

// Write writes the record: what every record has, and the given fields.
func (p Place) Write(incarnation, spec string, fields ...Field) error {
	if incarnation == "" {
		incarnation = "1"
	}
	record := append(Record{{"incarnation", incarnation}, {"spec", spec}}, fields...)
	return writeByRename(p.Path("record"), []byte(record.String()))
}

// AsWanted tells that a run whose end nobody saw made the thing just as it is wanted now.
func (p Place) AsWanted(incarnation, spec string) bool {
	record, found := p.Read()
	return found && record.Get("spec") == spec && record.Get("incarnation") == incarnation
}

func writeByRename(path string, data []byte) error {
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return err
	}
	return replace(path+".new", path)
}

// replace renames a file onto another, which need not be there.
func replace(from, to string) error {
	if err := patiently(func() error { return os.Rename(from, to) }); err != nil {
		return fmt.Errorf("cannot replace %s; expected that no program holds it open: %w", filepath.Clean(to), err)
	}
	return nil
}
