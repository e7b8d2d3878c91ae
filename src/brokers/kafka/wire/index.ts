/**
 * The hot path of the Kafka broker: record batches, produce and fetch, on the connections of kafkajs. Each piece says what
 * it replaces and why; test/brokers/kafka/wire holds it against the old behaviour and against bytes made by Java.
 */
export { BATCH_BYTES, BatchWriter, headerName, type WriterOptions } from './batch-writer.ts';
export { withLength } from './body.ts';
export { refuseBrokenConnections } from './broken-connection.ts';
export { CODECS, type Codec } from './codecs.ts';
export { type AbortedTransaction, CommittedFilter } from './committed-filter.ts';
export { type Fetched, type FetchOptions, type FetchPosition, fetchRecords } from './fetch.ts';
export { kafkajsModule } from './kafkajs.ts';
export { type PartitionBatch, type Produced, type ProduceOptions, produce } from './produce.ts';
export { type BatchProducer, nextSequence, RawBatch } from './raw-batch.ts';
export { type ReaderOptions, RecordReader, type RecordSink } from './record-reader.ts';
export type { WireNode } from './request.ts';
export { replaceRequestQueueTimer } from './request-queue.ts';
export { forgetAnsweredRequests } from './requests-in-flight.ts';
export { openSocket } from './socket.ts';
export { keepAnswersWhole } from './whole-answers.ts';
export { WireHeaders } from './wire-headers.ts';
