# Makes the UEFI firmware of a machine ready, in its directory, while it is off. Its variables, such as what boots first, stay
# with its disk. Behind machine-prepare.sh, whose functions and values it takes.
#   MACHINE_FIND_FIRMWARE  text of firmware-find.sh
# shellcheck shell=sh disable=SC2154 # see machine-prepare.sh
firmware=$(sh -c "$MACHINE_FIND_FIRMWARE") ||
    fail "no UEFI firmware: $firmware; install it: apt-get install ovmf (Fedora: edk2-ovmf)"
firmware_template=${firmware##*
}
firmware_variables=$MACHINE_DISK_DIR/firmware-variables
ln -sfn "${firmware%%
*}" firmware-code
# Of another size they are another firmware's, which this one cannot read.
if [ "$(stat -c %s "$firmware_variables" 2>/dev/null)" != "$(stat -L -c %s "$firmware_template")" ]; then
    cp "$firmware_template" "$firmware_variables.new"
    chmod 0600 "$firmware_variables.new"
    mv -f "$firmware_variables.new" "$firmware_variables"
fi
ln -sfn "$firmware_variables" firmware-variables
