package swap

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// process is that of the service which runs the program at a path; 0 without one.
func (s *Swapper) process(path string) int {
	pids, _ := s.Manager.Processes(s.Request.Service)
	for _, pid := range pids {
		if s.Manager.Alive(pid) && s.Manager.Runs(pid, path) {
			return pid
		}
	}
	return 0
}

// healthy waits until the service runs the program at a path and its check succeeds.
func (s *Swapper) healthy(path string, report *Report, begin time.Time) error {
	end := time.Now().Add(s.seconds(s.Request.HealthSec))
	why := "no process of the service runs " + path
	before, err := s.Manager.Look(s.Request.Service)
	if err != nil {
		return err
	}
	for first := 0; ; time.Sleep(s.pause(200 * time.Millisecond)) {
		pid := s.process(path)
		if first == 0 {
			first = pid
		}
		unit, err := s.Manager.Look(s.Request.Service)
		if err == nil && (unit.Ended || unit.Restarts > before.Restarts || first != pid) {
			return fmt.Errorf("%s ended at once (%s)", s.Request.Service, why)
		}
		if pid != 0 {
			if err = s.check(pid); err == nil {
				report.DowntimeMs = time.Since(begin).Milliseconds()
				return nil
			}
			why = err.Error()
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s was not healthy within %d s: %s", s.Request.Service, s.Request.HealthSec, why)
		}
	}
}

// settled waits a while in which the process must stay the same, then for the node's own check.
func (s *Swapper) settled(path string, begin time.Time) error {
	pid := s.process(path)
	for end := time.Now().Add(s.seconds(s.Request.SettleSec)); ; time.Sleep(s.pause(100 * time.Millisecond)) {
		if now := s.process(path); pid == 0 || now != pid {
			return fmt.Errorf("%s was healthy, but its process ended within %d s", s.Request.Service, s.Request.SettleSec)
		}
		if time.Now().After(end) {
			break
		}
	}
	if s.Request.NodeCheck == "" {
		return s.check(pid)
	}
	if err := s.At("node"); err != nil {
		return err
	}
	variables := []string{"KUBEDEV_PID=" + strconv.Itoa(pid), fmt.Sprintf("KUBEDEV_SINCE=%d", begin.Unix())}
	for end := time.Now().Add(s.seconds(s.Request.HealthSec)); ; time.Sleep(s.pause(500 * time.Millisecond)) {
		err := s.Shell(s.Request.NodeCheck, max(s.pause(time.Second), time.Until(end)), variables)
		if err == nil && s.process(path) != pid {
			err = errors.New("its process ended")
		}
		if err == nil {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s is healthy, but the check of its node failed for %d s: %w", s.Request.Service, s.Request.HealthSec, err)
		}
	}
}

// check looks once.
func (s *Swapper) check(pid int) error {
	switch health := s.Request.Health; {
	case health.Command != "":
		return s.Shell(health.Command, s.pause(20*time.Second), []string{"KUBEDEV_PID=" + strconv.Itoa(pid)})
	case health.HTTPURL != "":
		// A self-signed certificate is accepted, and no proxy is asked.
		client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
		}}
		answer, err := client.Get(health.HTTPURL)
		if err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode >= 400 {
			return errors.New(health.HTTPURL + " answers " + answer.Status)
		}
	case health.TCPAddress != "":
		connection, err := net.DialTimeout("tcp", health.TCPAddress, 5*time.Second)
		if err != nil {
			return err
		}
		connection.Close()
	}
	return nil
}

// runShell runs a text of the user's; what it prints is said when it fails.
func runShell(text string, patience time.Duration, variables []string) error {
	child := shellOf(text)
	child.Env = append(os.Environ(), variables...)
	var said strings.Builder
	child.Stdout, child.Stderr = &said, &said
	child.WaitDelay = time.Second
	if err := child.Start(); err != nil {
		return err
	}
	timer := time.AfterFunc(patience, func() { endTree(child) })
	defer timer.Stop()
	if err := child.Wait(); err != nil {
		text := strings.TrimSpace(said.String())
		return fmt.Errorf("%w: %s", err, text[max(0, len(text)-300):])
	}
	return nil
}
