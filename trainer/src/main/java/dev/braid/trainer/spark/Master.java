package dev.braid.trainer.spark;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A Spark master, as far as it matters where ranks run. */
sealed interface Master {
    String url();

    /** Ranks are threads of the driver's own process. */
    default boolean sameProcess() {
        return this instanceof Local;
    }

    /** Executors, if any, are on the driver's machine. */
    default boolean sameHost() {
        return this instanceof Local || this instanceof LocalCluster;
    }

    /** {@code local[threads]}; -1 for as many as there are processors. */
    record Local(String url, int threads) implements Master {}

    /** {@code local-cluster[workers,cores,memory]}: real executor processes, on this machine; for tests. */
    record LocalCluster(String url, int workers, int cores) implements Master {}

    /** A standalone master. */
    record Standalone(String url) implements Master {}

    /** YARN or Kubernetes, which start a set number of executors. */
    record Managed(String url) implements Master {}

    Pattern LOCAL = Pattern.compile("local(?:\\[\\s*(\\d+|\\*)\\s*(?:,\\s*\\d+\\s*)?])?");
    Pattern LOCAL_CLUSTER = Pattern.compile("local-cluster\\[\\s*(\\d+)\\s*,\\s*(\\d+)\\s*,\\s*(\\d+)\\s*]");

    /** Reads a master as Spark writes it. */
    static Master parse(String url) {
        Matcher local = LOCAL.matcher(url);
        if (local.matches()) {
            String threads = local.group(1);
            return new Local(url, threads == null ? 1 : threads.equals("*") ? -1 : Integer.parseInt(threads));
        }
        Matcher cluster = LOCAL_CLUSTER.matcher(url);
        if (cluster.matches()) {
            return new LocalCluster(url, Integer.parseInt(cluster.group(1)), Integer.parseInt(cluster.group(2)));
        }
        if (url.startsWith("spark://")) {
            return new Standalone(url);
        }
        if (url.equals("yarn") || url.startsWith("k8s://")) {
            return new Managed(url);
        }
        throw new IllegalArgumentException(
                ("no Spark master is called %s; allowed are local, local[4], local[*], spark://HOST:PORT, yarn,"
                                + " k8s://HOST:PORT and, for tests, local-cluster[WORKERS,CORES,MEGABYTES]")
                        .formatted(url));
    }
}
