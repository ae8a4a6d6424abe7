//go:build windows

package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"time"

	"kubedev/agents/windows/service"
)

// A check that ends with it says that the service never will be healthy.
const never = 3

// healthy waits until the service is, as its check says.
func (u *unit) healthy(pid, started string) error {
	check := service.Health{}
	if text := u.request.Values["KUBEDEV_HEALTH"]; text != "" {
		if err := json.Unmarshal([]byte(text), &check); err != nil {
			return err
		}
	}
	patience := u.seconds("KUBEDEV_HEALTH_SEC", 60)
	begin, said := time.Now(), time.Now()
	for {
		if !processLives(pid, started) {
			return fmt.Errorf("the service ended at once, before it was healthy")
		}
		if check == (service.Health{}) {
			// No check given: it must outlive what most processes need to refuse their arguments.
			time.Sleep(500 * time.Millisecond)
			return nil
		}
		status, reason := u.look(check, pid, max(time.Second, min(20*time.Second, patience-time.Since(begin))))
		switch {
		case status == 0:
			return nil
		case status == never:
			return fmt.Errorf("the service will not become healthy: %s", reason)
		case time.Since(begin) >= patience:
			return fmt.Errorf("the service was not healthy after %.0f s: %s", patience.Seconds(), reason)
		}
		if time.Since(said) >= 2*time.Second {
			said = time.Now()
			say(fmt.Sprintf("waiting for the service to be healthy: %.0f of %.0f s", time.Since(begin).Seconds(), patience.Seconds()))
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// look looks once; 0 is healthy.
func (u *unit) look(check service.Health, pid string, patience time.Duration) (int, string) {
	switch {
	case check.Command != "":
		status, err := u.shell(check.Command, patience, pid)
		if err != nil {
			return 1, err.Error()
		}
		return status, fmt.Sprintf("the check ended with status %d", status)
	case check.HTTPURL != "":
		// A self-signed certificate is accepted, and no proxy is asked.
		client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
		}}
		answer, err := client.Get(check.HTTPURL)
		if err != nil {
			return 1, err.Error()
		}
		answer.Body.Close()
		if answer.StatusCode >= 400 {
			return 1, check.HTTPURL + " answers " + answer.Status
		}
		return 0, ""
	default:
		connection, err := net.DialTimeout("tcp", check.TCPAddress, 5*time.Second)
		if err != nil {
			return 1, err.Error()
		}
		connection.Close()
		return 0, ""
	}
}
