package arm

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Resource that was made.
type Resource struct {
	ID    string `json:"id"`
	Token string `json:"token"`
	// Properties that were asked for, and those that were filled in.
	Properties Properties `json:"properties"`
	// References are the ids of what it stands on.
	References []string `json:"references,omitempty"`
}

// Subscription holds resources by their id in lower case, since Azure takes names without regard to case.
type Subscription struct {
	Resources map[string]*Resource `json:"resources"`
	// Taken counts the public addresses that were given out.
	Taken int `json:"taken"`
	// Born counts those resources that have an id of their own for life.
	Born int `json:"born"`
}

// Refusal of the manager, with its code.
type Refusal struct {
	Code, Message string
}

func (r Refusal) Error() string { return r.Code + ": " + r.Message }

func refuse(code, format string, args ...any) error {
	return Refusal{code, fmt.Sprintf(format, args...)}
}

// Check finds what is wrong with properties before anything is asked for. Values that are not known yet pass.
func (k *Kind) Check(properties Properties) []Fault {
	var faults []Fault
	for _, property := range append(k.NamedBy(), k.Required...) {
		if value, given := properties[property]; !given || value == nil {
			faults = append(faults, Fault{property, "got nothing; expected it, since Azure asks for it"})
		}
	}
	if name, ok := properties[k.OwnName()].(string); ok {
		faults = append(faults, k.Name.check(k.OwnName(), name)...)
	}
	if k.check != nil {
		faults = append(faults, k.check(properties)...)
	}
	return faults
}

// Put makes a resource, or changes it, and answers its properties.
func (s *Subscription) Put(kind *Kind, asked Properties) (Properties, error) {
	id := kind.ID(asked)
	asked = kind.withoutSecrets(asked)
	resource := &Resource{ID: id, Token: kind.Token, Properties: clone(asked)}
	if err := s.checkParents(kind, asked); err != nil {
		return nil, err
	}
	before := s.Find(id)
	if before != nil {
		for _, property := range kind.Fixed {
			path := strings.Split(property, ".")
			if !reflect.DeepEqual(at(before.Properties, path...), at(asked, path...)) {
				return nil, refuse("PropertyChangeNotAllowed", "changing property %q of %s is not allowed", property, id)
			}
		}
	}
	resource.References = references(asked)
	for _, reference := range resource.References {
		if s.Find(reference) == nil {
			return nil, refuse("InvalidResourceReference", "resource %s, which %s refers to, was not found", reference, id)
		}
	}
	resource.Properties["name"] = asked[kind.OwnName()]
	// The type of an extension is one that is asked for.
	if asked["type"] == nil {
		resource.Properties["type"] = kind.Arm
	}
	resource.Properties["provisioningState"] = "Succeeded"
	if kind.place != nil {
		if err := kind.place(s, resource); err != nil {
			return nil, err
		}
	}
	if s.Resources == nil {
		s.Resources = map[string]*Resource{}
	}
	s.Resources[strings.ToLower(id)] = resource
	return clone(resource.Properties), nil
}

// checkParents wants the resource group, and what the resource is in.
func (s *Subscription) checkParents(kind *Kind, asked Properties) error {
	if kind == &resourceGroup {
		return nil
	}
	if s.Find(resourceGroup.ID(asked)) == nil {
		return refuse("ResourceGroupNotFound", "resource group %q could not be found", asked["resourceGroupName"])
	}
	parent, _, nested := cutLast(kind.Arm)
	if !nested {
		return nil
	}
	for _, outer := range Kinds {
		if outer.Arm == parent && s.Find(outer.ID(asked)) == nil {
			return refuse("ParentResourceNotFound", "%s, which is to hold %q, could not be found",
				outer.ID(asked), asked[kind.OwnName()])
		}
	}
	return nil
}

// cutLast takes the last part off a type with two parts or more below its namespace.
func cutLast(arm string) (parent, last string, nested bool) {
	at := strings.LastIndex(arm, "/")
	return arm[:at], arm[at+1:], strings.Count(arm, "/") > 1
}

// Find a resource; nil if there is none.
func (s *Subscription) Find(id string) *Resource { return s.Resources[strings.ToLower(id)] }

// users of a resource, other than one of them.
func (s *Subscription) users(of, but string) []*Resource {
	var all []*Resource
	for _, user := range s.sorted() {
		same := func(reference string) bool { return strings.EqualFold(reference, of) }
		if !strings.EqualFold(user.ID, but) && slices.ContainsFunc(user.References, same) {
			all = append(all, user)
		}
	}
	return all
}

// Delete removes a resource and all that is in it. What others stand on stays, unless they go with it.
func (s *Subscription) Delete(id string) error {
	within := func(other string) bool {
		return strings.EqualFold(other, id) || strings.HasPrefix(strings.ToLower(other), strings.ToLower(id)+"/")
	}
	for _, user := range s.sorted() {
		if within(user.ID) {
			continue
		}
		for _, reference := range user.References {
			if within(reference) {
				return refuse("InUse", "%s cannot be deleted, since %s uses it", id, user.ID)
			}
		}
	}
	maps.DeleteFunc(s.Resources, func(_ string, r *Resource) bool { return within(r.ID) })
	return nil
}

// sorted resources, so that of several users always the same one is named.
func (s *Subscription) sorted() []*Resource {
	var all []*Resource
	for _, id := range slices.Sorted(maps.Keys(s.Resources)) {
		all = append(all, s.Resources[id])
	}
	return all
}

// references are the ids below a property "id", at any depth, in order.
func references(value any) []string {
	var all []string
	switch value := value.(type) {
	case Properties:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			if id, ok := value[key].(string); ok && key == "id" && strings.HasPrefix(id, "/subscriptions/") {
				all = append(all, id)
			}
			all = append(all, references(value[key])...)
		}
	case []any:
		for _, element := range value {
			all = append(all, references(element)...)
		}
	}
	return all
}

func clone(properties Properties) Properties {
	return cloneValue(properties).(Properties)
}

func cloneValue(value any) any {
	switch value := value.(type) {
	case Properties:
		copied := Properties{}
		for key, inner := range value {
			copied[key] = cloneValue(inner)
		}
		return copied
	case []any:
		copied := make([]any, len(value))
		for i, inner := range value {
			copied[i] = cloneValue(inner)
		}
		return copied
	}
	return value
}
