package dev.braid.trainer.spark;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One rank's connection as the driver holds it. One thread reads; any thread may send. */
final class DriverConnection implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DriverConnection.class);

    private final Socket socket;
    private final int milliseconds;
    private final DataInputStream input;
    private final DataOutputStream output;
    private final Handshake.Peer peer;

    /** Takes over an accepted socket; throws when who is there does not know the secret. */
    DriverConnection(Socket socket, byte[] secret, CoordinatorLimits limits) throws IOException {
        this.socket = socket;
        this.milliseconds = Math.toIntExact(limits.connect().toMillis());
        try {
            socket.setTcpNoDelay(true);
            socket.setKeepAlive(true);
            socket.setSoTimeout(milliseconds);
            input = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
            output = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
            peer = Handshake.accept(input, output, secret);
            socket.setSoTimeout(0);
        } catch (IOException failure) {
            socket.close();
            throw failure;
        }
    }

    Handshake.Peer peer() {
        return peer;
    }

    String host() {
        return socket.getInetAddress().getHostAddress();
    }

    Frame read() throws IOException {
        return Frame.read(input);
    }

    /** Sends a command. A rank that is gone is noticed by the reading thread, so nothing is thrown here. */
    void send(Frame frame) {
        synchronized (output) {
            try {
                frame.write(output);
                output.flush();
            } catch (IOException gone) {
                LOG.debug("rank {} can't be told {}", peer.rank(), frame.kind(), gone);
            }
        }
    }

    /** Waits for the rank to close, so that an ended rank is one that has also freed what it held. */
    void awaitEnd() throws IOException {
        int next = input.read();
        if (next >= 0) {
            LOG.warn("rank {} sent more after its last message", peer.rank());
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
