/** An authority that signs nothing: made by `openssl req -x509`, its key thrown away. */
export const testAuthority = `-----BEGIN CERTIFICATE-----
MIIBgTCCASegAwIBAgIUNG1Y0TQdbbIywxj0fw34EaspcvgwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKa3ViZXJuZXRlczAgFw0yNjExMjkxMzU0MDFaGA8yMTI2MTEw
NTEzNTQwMVowFTETMBEGA1UEAwwKa3ViZXJuZXRlczBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABFt+d2FdcZj9EJ1wNxE8BB7znvcEeB7j8Nw2PLlIT4VeplYvR8i/
yoobVZSWWwx9WOqJilxQWac2p+r8qXjTkhKjUzBRMB0GA1UdDgQWBBQ20xMqifYg
yqzghwI7+iFTo3xStzAfBgNVHSMEGDAWgBQ20xMqifYgyqzghwI7+iFTo3xStzAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIEOW6e07ka/tuHfw0LVy
NHlkuPZLjqMMi4WSC2O4KBmDAiEApvVyT3I3k05MSb+Ip5fXOR6gbV5V4px2gRTn
/r66lxY=
-----END CERTIFICATE-----
`;

/** By `openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | sha256sum`, as kubeadm's documentation has it. */
export const testAuthorityHash =
    "sha256:dd167f2c81db946d9f11abd2bd0b087c258d0fa3a1872aa0e6252c5789c838ae";
