package dev.braid.trainer.spark;

import java.io.Serializable;

/** Where the driver listens, and the secret of this run which both ends prove to know. Travels inside the Spark task. */
record ChannelAddress(String host, int port, byte[] secret) implements Serializable {
    @Override
    public String toString() {
        return host + ":" + port;
    }
}
