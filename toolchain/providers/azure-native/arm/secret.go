package arm

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

const secretMark = "secret "

// Digest stands for a secret: the manager tells one from another by it, and keeps none.
func Digest(open any) string {
	text, _ := json.Marshal(open)
	digest := sha256.Sum256(text)
	return secretMark + hex.EncodeToString(digest[:8])
}

// isDigest tells whether a value stands for a secret.
func isDigest(value any) bool {
	text, ok := value.(string)
	return ok && strings.HasPrefix(text, secretMark)
}

// withoutSecrets is a copy in which what Azure never gives back is a digest, also where nobody called it a secret.
func (k *Kind) withoutSecrets(properties Properties) Properties {
	copied := clone(properties)
	for _, property := range k.Hidden {
		path := strings.Split(property, ".")
		last := len(path) - 1
		outer, _ := at(copied, path[:last]...).(Properties)
		if value := outer[path[last]]; value != nil && !isDigest(value) {
			outer[path[last]] = Digest(value)
		}
	}
	return copied
}
