package dev.braid.trainer.bench;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs gloo_bench.py, which times gloo's collectives between processes of this host. */
record GlooBench(PeerScript script) {
    private static final Pattern LINE = Pattern.compile("gloo n=(\\d+) (\\w+) (\\d+)KB (\\d+)us busbw=([0-9.]+)GB/s");

    /** One line of it. */
    record Row(CommPlan.Point point, double micros) {}

    /** See {@link PeerScript#find}. */
    static Optional<GlooBench> find(Map<String, String> environment) {
        return PeerScript.find("gloo_bench.py", environment).map(GlooBench::new);
    }

    /** Measures with {@code ranks} processes. */
    List<Row> run(int ranks) throws IOException, InterruptedException {
        return script.run(Integer.toString(ranks)).stream()
                .map(GlooBench::parse)
                .flatMap(Optional::stream)
                .toList();
    }

    static Optional<Row> parse(String line) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        long bytes = Long.parseLong(matcher.group(3)) << 10;
        return CommOperation.of(matcher.group(2))
                .map(operation -> new Row(new CommPlan.Point(operation, bytes), Double.parseDouble(matcher.group(4))));
    }
}
