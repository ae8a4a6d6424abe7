package arm

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"kubedev.dev/toolchain/providers/base/plain"
)

// judge collects what is wrong with properties. What is not known yet, or a secret, passes.
type judge struct {
	// place is the path to the properties, with a period after it; empty at the top.
	place      string
	properties Properties
	faults     *[]Fault
}

func newJudge(p Properties) judge { return judge{"", p, &[]Fault{}} }

// value at a path, and whether it can be judged.
func (j judge) value(path string) (any, bool) {
	var value any = j.properties
	for _, key := range strings.Split(path, ".") {
		inner, _ := value.(Properties)
		if value = inner[key]; plain.IsUnknown(value) || isDigest(value) {
			return nil, false
		}
	}
	return value, true
}

// text at a path; empty if there is none, or none that can be judged.
func (j judge) text(path string) string {
	value, _ := j.value(path)
	text, _ := value.(string)
	return text
}

// given tells whether there is anything, known or not.
func (j judge) given(path string) bool {
	value, open := j.value(path)
	return value != nil || !open
}

func (j judge) fault(path, reason string) {
	*j.faults = append(*j.faults, Fault{j.place + path, reason})
}

// want a value for which something holds.
func (j judge) want(path, expected string, holds func(any) bool) {
	if value, open := j.value(path); open && !holds(value) {
		j.fault(path, fmt.Sprintf("got %s; expected %s", shown(value), expected))
	}
}

// allow only such a value, or none.
func (j judge) allow(path, expected string, holds func(any) bool) {
	j.want(path, expected, func(value any) bool { return value == nil || holds(value) })
}

// each element of a list of properties.
func (j judge) each(path string) []judge {
	value, _ := j.value(path)
	list, _ := value.([]any)
	var all []judge
	for i, element := range list {
		if inner, ok := element.(Properties); ok {
			all = append(all, judge{fmt.Sprintf("%s%s[%d].", j.place, path, i), inner, j.faults})
		}
	}
	return all
}

func shown(value any) string {
	switch value := value.(type) {
	case nil:
		return "nothing"
	case string:
		return fmt.Sprintf("%q", value)
	}
	return fmt.Sprint(value)
}

func isText(value any) bool {
	text, ok := value.(string)
	return ok && text != ""
}

func isList(value any) bool {
	list, ok := value.([]any)
	return ok && len(list) > 0
}

func oneOf(values ...string) func(any) bool {
	return func(value any) bool {
		text, ok := value.(string)
		return ok && slices.Contains(values, text)
	}
}

func like(form *regexp.Regexp) func(any) bool {
	return func(value any) bool {
		text, ok := value.(string)
		return ok && form.MatchString(text)
	}
}

// whole numbers within bounds.
func whole(least, most int) func(any) bool {
	return func(value any) bool {
		number, ok := value.(float64)
		return ok && number == float64(int(number)) && int(number) >= least && int(number) <= most
	}
}
