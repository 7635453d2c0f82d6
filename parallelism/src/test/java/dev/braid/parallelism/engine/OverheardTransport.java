package dev.braid.parallelism.engine;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.Receiver;
import dev.braid.parallelism.transport.SendResult;
import dev.braid.parallelism.transport.Transport;
import dev.braid.tensor.kernels.Addresses;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A transport on whose channels somebody listens. */
record OverheardTransport(Transport of, List<byte[]> frames) implements Transport {
    OverheardTransport(Transport of) {
        this(of, new CopyOnWriteArrayList<>());
    }

    @Override
    public Outgoing dial(RankAddress peer) {
        Outgoing channel = of.dial(peer);
        return new Outgoing() {
            @Override
            public int maxFrame() {
                return channel.maxFrame();
            }

            @Override
            public SendResult send(long header, int headerBytes, long payload, int payloadBytes) {
                SendResult result = channel.send(header, headerBytes, payload, payloadBytes);
                if (result == SendResult.SENT) {
                    frames.add(copy(header, headerBytes, payload, payloadBytes));
                }
                return result;
            }

            @Override
            public String fault() {
                return channel.fault();
            }

            @Override
            public void close() {
                channel.close();
            }
        };
    }

    private static byte[] copy(long header, int headerBytes, long payload, int payloadBytes) {
        byte[] first = new byte[headerBytes];
        byte[] second = new byte[payloadBytes];
        Addresses.copyTo(header, first);
        Addresses.copyTo(payload, second);
        byte[] whole = new byte[headerBytes + payloadBytes];
        System.arraycopy(first, 0, whole, 0, headerBytes);
        System.arraycopy(second, 0, whole, headerBytes, payloadBytes);
        return whole;
    }

    @Override
    public String name() {
        return of.name();
    }

    @Override
    public String endpoint() {
        return of.endpoint();
    }

    @Override
    public boolean reaches(RankAddress peer) {
        return of.reaches(peer);
    }

    @Override
    public boolean intact() {
        return of.intact();
    }

    @Override
    public int poll(Receiver receiver, int limit) {
        return of.poll(receiver, limit);
    }

    @Override
    public void refuse(long channel) {
        of.refuse(channel);
    }

    @Override
    public long bufferBytes() {
        return of.bufferBytes();
    }

    @Override
    public String describe() {
        return of.describe();
    }

    @Override
    public void close() {
        of.close();
    }
}
