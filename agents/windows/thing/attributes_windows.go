package thing

import (
	"fmt"
	"strings"

	"golang.org/x/sys/windows"
)

// Those that a program may set.
const settable = windows.FILE_ATTRIBUTE_READONLY | windows.FILE_ATTRIBUTE_HIDDEN | windows.FILE_ATTRIBUTE_SYSTEM |
	windows.FILE_ATTRIBUTE_ARCHIVE

// attributesOf is what a copy does not have: attributes, and who has access, as SDDL.
func attributesOf(path string) (string, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return "", err
	}
	attributes, err := windows.GetFileAttributes(name)
	if err != nil {
		return "", err
	}
	access, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %s", attributes&settable, access), nil
}

func setAttributes(path, about string) error {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	var attributes uint32
	number, sddl, _ := strings.Cut(about, " ")
	if _, err := fmt.Sscan(number, &attributes); err != nil {
		return err
	}
	access, err := windows.SecurityDescriptorFromString(sddl)
	if err != nil {
		return err
	}
	dacl, _, err := access.DACL()
	if err != nil {
		return err
	}
	control, _, err := access.Control()
	if err != nil {
		return err
	}
	inherits := windows.SECURITY_INFORMATION(windows.UNPROTECTED_DACL_SECURITY_INFORMATION)
	if control&windows.SE_DACL_PROTECTED != 0 {
		inherits = windows.PROTECTED_DACL_SECURITY_INFORMATION
	}
	if err := windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION|inherits,
		nil, nil, dacl, nil); err != nil {
		return err
	}
	return windows.SetFileAttributes(name, attributes)
}

// unlock takes the attribute away by which a file cannot be replaced.
func unlock(path string) error {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return err
	}
	attributes, err := windows.GetFileAttributes(name)
	if err != nil || attributes&windows.FILE_ATTRIBUTE_READONLY == 0 {
		return err
	}
	return windows.SetFileAttributes(name, attributes&^windows.FILE_ATTRIBUTE_READONLY)
}
