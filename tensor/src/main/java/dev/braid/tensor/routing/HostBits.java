package dev.braid.tensor.routing;

import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.parameters.ExpertHosts;

/** A bit for each place on a host, in rows I32 [n, W]. */
final class HostBits {
    private HostBits() {}

    /** Numbers of a row, W. */
    static int words(ExpertHosts hosts) {
        return Math.ceilDiv(hosts.mostOnAHost(), Integer.SIZE);
    }

    static void set(Tensor bits, int row, int place) {
        long at = row * bits.shape().columns() + place / Integer.SIZE;
        Addresses.setInt(bits.address(), at, Addresses.getInt(bits.address(), at) | 1 << place);
    }

    static boolean has(Tensor bits, int row, int place) {
        long at = row * bits.shape().columns() + place / Integer.SIZE;
        return (Addresses.getInt(bits.address(), at) & 1 << place) != 0;
    }
}
