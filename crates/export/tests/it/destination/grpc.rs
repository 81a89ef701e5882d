//! The gRPC face: tonic's servers of the three OTLP services.

use super::Book;
use super::answer::Answer;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::{
    MetricsService, MetricsServiceServer,
};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsServiceRequest, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use prost::Message;
use sitelog_model::Signal;
use std::sync::Arc;
use tokio::sync::Notify;
use tonic::codec::CompressionEncoding::{Gzip, Zstd};
use tonic::service::Routes;
use tonic::{Request, Response, Status, async_trait};

/// The three services of one connection.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) book: Arc<Book>,
    pub(crate) cut: Arc<Notify>,
}

pub(crate) fn routes(services: &Services) -> Routes {
    let compressed = |services: &Services| services.clone();
    Routes::new(
        LogsServiceServer::new(compressed(services))
            .accept_compressed(Gzip)
            .accept_compressed(Zstd),
    )
    .add_service(
        TraceServiceServer::new(compressed(services))
            .accept_compressed(Gzip)
            .accept_compressed(Zstd),
    )
    .add_service(
        MetricsServiceServer::new(compressed(services))
            .accept_compressed(Gzip)
            .accept_compressed(Zstd),
    )
    .prepare()
}

impl Services {
    async fn answer<T: Message>(
        &self,
        signal: Signal,
        records: impl Fn(&T) -> Vec<String>,
        request: Request<T>,
    ) -> Result<Answer, Status> {
        let headers = request.metadata().clone().into_headers();
        let message = request.into_inner();
        let answer = self.book.enter(signal, records(&message), headers);
        if answer == Answer::Close {
            self.cut.notify_one();
        }
        if matches!(answer, Answer::Close | Answer::Hang) {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(answer.delay()).await;
        self.book.leave();
        answer.grpc_status().map_or(Ok(answer), Err)
    }
}

#[async_trait]
impl LogsService for Services {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let answer = self.answer(Signal::Logs, crate::setup::bodies, request).await?;
        let (rejected_log_records, why) = answer.partial();
        let partial = ExportLogsPartialSuccess {
            rejected_log_records,
            error_message: why.to_owned(),
        };
        let partial_success = (answer.partial() != (0, "")).then_some(partial);
        Ok(Response::new(ExportLogsServiceResponse { partial_success }))
    }
}

#[async_trait]
impl TraceService for Services {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.answer(Signal::Traces, crate::setup::span_names, request).await?;
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[async_trait]
impl MetricsService for Services {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        self.answer(Signal::Metrics, crate::setup::metric_names, request)
            .await?;
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}
