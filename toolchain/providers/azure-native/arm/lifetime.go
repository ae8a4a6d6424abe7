package arm

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// born gives a resource what it has for life: an id that no other one ever has, one of the same name included, and the time.
func (s *Subscription) born(r *Resource, id, created string) {
	if before := s.Find(r.ID); before != nil {
		r.Properties[id], r.Properties[created] = before.Properties[id], before.Properties[created]
		return
	}
	s.Born++
	digest := sha256.Sum256(fmt.Append(nil, r.ID, s.Born))
	// Version 8 of RFC 9562, whose bits are the maker's own.
	digest[6], digest[8] = digest[6]&0x0f|0x80, digest[8]&0x3f|0x80
	r.Properties[id] = fmt.Sprintf("%x-%x-%x-%x-%x", digest[:4], digest[4:6], digest[6:8], digest[8:10], digest[10:16])
	r.Properties[created] = time.Now().UTC().Format(time.RFC3339)
}
