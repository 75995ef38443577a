// Alerts, rules and hunts of a zoomwatch detector, from Go. docs/api.md explains the API; ./generate makes the stubs.
//
//	client CONNECTION rules
//	client CONNECTION hunt 'ZoomLogs | summarize count() by Event'
//	client CONNECTION [-token-file position] [-from-beginning] [-limit 10] alerts
//
// CONNECTION is -address HOST:PORT -ca-file CA -certificate-file CERT -private-key-file KEY [-server-name NAME]. Everything is printed as
// JSON lines.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"os"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"zoomwatch.example/client/gen/alertv1"
	"zoomwatch.example/client/gen/huntv1"
	"zoomwatch.example/client/gen/rulev1"
)

const (
	callTime    = 10 * time.Second
	huntTime    = 60 * time.Second
	firstWait   = 500 * time.Millisecond
	longestWait = 30 * time.Second
)

type options struct {
	address, caFile, certificateFile, privateKeyFile, serverName string
	tokenFile                                                    string
	fromBeginning                                                bool
	limit                                                        int
}

// connect makes a new connection. The files are read each time: certificates are renewed while a program runs.
func connect(o options) (*grpc.ClientConn, error) {
	ca, err := os.ReadFile(o.caFile)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s holds no certificate", o.caFile)
	}
	identity, err := tls.LoadX509KeyPair(o.certificateFile, o.privateKeyFile)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{identity}, ServerName: o.serverName, MinVersion: tls.VersionTLS12}
	return grpc.Dial(o.address, grpc.WithTransportCredentials(credentials.NewTLS(config)),
		// A dead connection is noticed; the detector allows a ping every 15 s.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}))
}

// reasonOf is the reason of a failed call (docs/error-reasons.md), or empty.
func reasonOf(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

func show(message proto.Message) {
	fmt.Println(protojson.MarshalOptions{UseProtoNames: true}.Format(message))
}

// rules shows all rules, page by page.
func rules(ctx context.Context, connection *grpc.ClientConn) error {
	client := rulev1.NewRuleServiceClient(connection)
	request := &rulev1.ListRulesRequest{PageSize: 50}
	for {
		call, cancel := context.WithTimeout(ctx, callTime)
		page, err := client.ListRules(call, request)
		cancel()
		if err != nil {
			return err
		}
		for _, rule := range page.GetRules() {
			show(rule)
		}
		if page.GetNextPageToken() == "" {
			return nil
		}
		request.PageToken = page.GetNextPageToken()
	}
}

// ticks are of 100 ns since the year 1.
func timeOf(ticks int64) time.Time {
	const perSecond = 10_000_000
	return time.Date(1, 1, 1, 0, 0, int(ticks/perSecond), int(ticks%perSecond)*100, time.UTC)
}

// valueOf is a value of a row as something that JSON has.
func valueOf(cell *huntv1.Cell) any {
	switch value := cell.GetValue().(type) {
	case *huntv1.Cell_BoolValue:
		return value.BoolValue
	case *huntv1.Cell_LongValue:
		return value.LongValue
	case *huntv1.Cell_RealValue:
		return value.RealValue
	case *huntv1.Cell_TextValue:
		return value.TextValue
	case *huntv1.Cell_DatetimeTicks:
		return timeOf(value.DatetimeTicks)
	case *huntv1.Cell_TimespanTicks:
		return float64(value.TimespanTicks) / 1e7 // seconds
	case *huntv1.Cell_JsonValue:
		return json.RawMessage(value.JsonValue)
	}
	return nil
}

// hunt shows the rows of a query. The deadline ends the query, not just our waiting for it.
func hunt(ctx context.Context, connection *grpc.ClientConn, query string) error {
	ctx, cancel := context.WithTimeout(ctx, huntTime)
	defer cancel()
	stream, err := huntv1.NewHuntServiceClient(connection).Hunt(ctx, &huntv1.HuntRequest{Query: query})
	if err != nil {
		return err
	}
	var names []string
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, column := range response.GetSchema().GetColumns() {
			names = append(names, column.GetName())
		}
		for _, row := range response.GetRows().GetRows() {
			values := map[string]any{}
			for i, cell := range row.GetCells() {
				values[names[i]] = valueOf(cell)
			}
			line, err := json.Marshal(values)
			if err != nil {
				return err
			}
			fmt.Println(string(line))
		}
		if summary := response.GetSummary(); summary != nil {
			fmt.Fprintf(os.Stderr, "%d rows of %d events\n", summary.GetRowCount(), summary.GetScannedCount())
		}
	}
}

func readToken(path string) (string, error) {
	token, err := os.ReadFile(path)
	if path == "" || errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return string(token), err
}

// writeToken writes it whole or not at all, also when the machine stops here.
func writeToken(path, token string) error {
	if path == "" {
		return nil
	}
	file, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.WriteString(token); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// handle is where your program does something with an alert. It may see one twice: AlertId tells.
func handle(alert *alertv1.Alert) error {
	show(alert)
	return nil
}

// follower gives each alert to handle, in order, and remembers the position behind it.
type follower struct {
	options options
	request *alertv1.SubscribeAlertsRequest
	handled int
	wait    time.Duration
}

// once follows one stream until it breaks. True: the limit is reached.
func (f *follower) once(ctx context.Context) (bool, error) {
	connection, err := connect(f.options)
	if err != nil {
		return false, err
	}
	defer connection.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := alertv1.NewAlertServiceClient(connection).SubscribeAlerts(ctx, f.request) // no deadline: it has no end
	if err != nil {
		return false, err
	}
	for {
		response, err := stream.Recv()
		if err != nil {
			return false, err
		}
		f.wait = firstWait
		if alert := response.GetAlert(); alert != nil { // otherwise a sign of life
			if err := handle(alert); err != nil {
				return false, err
			}
			f.handled++
		}
		// After the alert was handled: a crash in between repeats it instead of losing it.
		f.request = &alertv1.SubscribeAlertsRequest{ResumeToken: response.GetResumeToken()}
		if err := writeToken(f.options.tokenFile, f.request.GetResumeToken()); err != nil {
			return false, err
		}
		if f.handled == f.options.limit {
			return true, nil
		}
	}
}

// alerts follows for ever, through restarts of either side.
func alerts(ctx context.Context, o options) error {
	token, err := readToken(o.tokenFile)
	if err != nil {
		return err
	}
	f := follower{options: o, wait: firstWait,
		request: &alertv1.SubscribeAlertsRequest{ResumeToken: token, FromBeginning: o.fromBeginning && token == ""}}
	for {
		done, err := f.once(ctx)
		if done {
			return nil
		}
		switch status.Code(err) {
		case codes.OK: // the stream ended
		case codes.OutOfRange:
			fmt.Fprintln(os.Stderr, "alerts were removed before we came for them; going on with the oldest")
			f.request = &alertv1.SubscribeAlertsRequest{FromBeginning: true}
			continue
		case codes.Unavailable, codes.ResourceExhausted:
			fmt.Fprintf(os.Stderr, "%v; again in %v\n", err, f.wait)
		default:
			if !errors.Is(err, io.EOF) {
				return err
			}
		}
		time.Sleep(f.wait/2 + time.Duration(rand.Int63n(int64(f.wait/2))))
		if f.wait *= 2; f.wait > longestWait {
			f.wait = longestWait
		}
	}
}

func run(o options, arguments []string) error {
	ctx := context.Background()
	if len(arguments) == 1 && arguments[0] == "alerts" {
		return alerts(ctx, o)
	}
	connection, err := connect(o)
	if err != nil {
		return err
	}
	defer connection.Close()
	switch {
	case len(arguments) == 1 && arguments[0] == "rules":
		return rules(ctx, connection)
	case len(arguments) == 2 && arguments[0] == "hunt":
		return hunt(ctx, connection, arguments[1])
	}
	return errors.New("say rules, hunt QUERY or alerts")
}

func main() {
	var o options
	flag.StringVar(&o.address, "address", "", "host:port of the detector")
	flag.StringVar(&o.caFile, "ca-file", "", "PEM file of the authority of the detector's certificate")
	flag.StringVar(&o.certificateFile, "certificate-file", "", "PEM file of our certificate")
	flag.StringVar(&o.privateKeyFile, "private-key-file", "", "PEM file of our key")
	flag.StringVar(&o.serverName, "server-name", "", "name in the detector's certificate, when the address is another, as with a port-forward")
	flag.StringVar(&o.tokenFile, "token-file", "", "alerts: where the position is kept")
	flag.BoolVar(&o.fromBeginning, "from-beginning", false, "alerts: without a position, begin with the oldest alert")
	flag.IntVar(&o.limit, "limit", 0, "alerts: end after this many")
	flag.Parse()
	if err := run(o, flag.Args()); err != nil {
		fmt.Fprintf(os.Stderr, "%s %s: %s\n", status.Code(err), reasonOf(err), status.Convert(err).Message())
		os.Exit(1)
	}
}
