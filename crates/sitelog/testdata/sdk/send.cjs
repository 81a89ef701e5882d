// A program on the OpenTelemetry SDK of Node.js, set up by the standard variables: `send.cjs grpc|http/protobuf|http/json NAME COUNT`.
const [protocol, name, count] = process.argv.slice(2);
const kind = { grpc: 'grpc', 'http/protobuf': 'proto', 'http/json': 'http' }[protocol];
const { OTLPLogExporter } = require(`@opentelemetry/exporter-logs-otlp-${kind}`);
const { OTLPMetricExporter } = require(`@opentelemetry/exporter-metrics-otlp-${kind}`);
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${kind}`);
const { BatchLogRecordProcessor, LoggerProvider } = require('@opentelemetry/sdk-logs');
const { MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');

const logs = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter() })] });
const traces = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] });
const metrics = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })] });

const counter = metrics.getMeter('send').createCounter(name);
for (let number = 0; number < Number(count); number++) {
  const span = traces.getTracer('send').startSpan(`${name} ${number}`);
  logs.getLogger('send').emit({ body: `${name} ${number}` });
  counter.add(1);
  span.end();
}
Promise.all([logs, traces, metrics].map((provider) => provider.shutdown())).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
