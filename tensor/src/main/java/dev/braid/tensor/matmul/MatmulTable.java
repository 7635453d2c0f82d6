package dev.braid.tensor.matmul;

import java.util.List;

/**
 * Which engine takes which product. Fixed beforehand by measurement (docs/matmul.md), never at run time: the same product
 * must give the same bits on every rank and in every run. It looks at k and the dtypes only, never at the number of rows and
 * columns of C, since a product that is split over ranks must stay with its engine.
 *
 * @param rules the first that matches decides; the last matches everything
 */
record MatmulTable(List<Rule> rules) {
    /** Products with at least {@code minimumK} steps of reduction go to {@code engine}. */
    record Rule(int minimumK, String engine) {}

    private static final List<String> NAMES = List.of("auto", "onednn", "nd4j", "vector");

    /** The table for a configured engine: {@code auto}, or one that takes everything. */
    static MatmulTable of(String engine) {
        if (!NAMES.contains(engine)) {
            throw new IllegalArgumentException(
                    "there is no matrix-product engine '" + engine + "'; allowed: " + String.join(", ", NAMES));
        }
        if (!engine.equals("auto")) {
            return new MatmulTable(List.of(new Rule(0, engine)));
        }
        return automatic(OneDnn.missing());
    }

    /** The choice for a machine where oneDNN is missing for a reason, or is there (null). */
    static MatmulTable automatic(String missing) {
        return new MatmulTable(List.of(new Rule(0, missing == null ? "onednn" : "vector")));
    }

    static String unavailable(String name, String missing) {
        return "engine '" + name + "' cannot run here: " + missing + "; or use engine 'auto' or 'vector'";
    }

    /** Opens an engine for {@code workspaces} workspaces; one that cannot run here is an error that says why. */
    static MatmulEngine open(String name, int workspaces) {
        String missing = switch (name) {
            case "onednn" -> OneDnn.missing();
            case "nd4j" -> Nd4jLibrary.missing();
            default -> null;
        };
        if (missing != null) {
            throw new IllegalArgumentException(unavailable(name, missing));
        }
        return switch (name) {
            case "onednn" -> new OneDnnEngine(workspaces);
            case "nd4j" -> new Nd4jEngine(workspaces);
            default -> new VectorEngine();
        };
    }

    /** Names of the engines that the rules use, without repetition. */
    List<String> engines() {
        return rules.stream().map(Rule::engine).distinct().toList();
    }

    /** The engine that takes {@code spec}. */
    String engine(MatmulSpec spec) {
        for (Rule rule : rules) {
            if (spec.k() >= rule.minimumK) {
                return rule.engine;
            }
        }
        throw new IllegalStateException("no rule for k=" + spec.k());
    }

    /** One line a rule. */
    String describe() {
        StringBuilder text = new StringBuilder();
        for (Rule rule : rules) {
            text.append(rule.minimumK == 0 ? "every product" : "k from " + rule.minimumK)
                    .append(": ")
                    .append(rule.engine)
                    .append('\n');
        }
        return text.toString().stripTrailing();
    }
}
