package dev.braid.trainer.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.config.ConfigException;
import dev.braid.parallelism.mesh.Mesh;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How many ranks may divide the experts of a model: every refusal says what the rule is and what would do. */
class ExpertLayoutRulesTest {
    private static final String YAML = """
            model:
              dim: 64
              layers: 2
              context: 128
              mixers: {attn: {type: attention, heads: 8, kv_heads: 4}}
              ffns:
                few: {type: moe, experts: 4, top_k: 2, hidden: 32}
                many: {type: moe, experts: 12, top_k: 2, hidden: 32}
              pattern: [attn+few, attn+many]
            data: {sources: [{path: texts}]}
            batch: {sequences: 24}
            train: {steps: 20}
            optimizer: {type: adamw, lr: 1.0e-3}
            """;

    private static Experiment read(String... overrides) {
        return Experiment.parse("moe.yaml", YAML, List.of(overrides));
    }

    private static List<String> faults(String... overrides) {
        try {
            throw new AssertionError("no fault, but " + read(overrides));
        } catch (ConfigException e) {
            return e.faults().stream().map(Object::toString).toList();
        }
    }

    @Test
    void shouldCutShardGroupsIntoRunsOfExpertRanks() {
        assertThat(read("parallel={shard: 4, expert: 2}").parallel().mesh())
                .isEqualTo(Mesh.of(1, 4, 1).withExperts(2));
    }

    @Test
    void shouldRefuseRanksThatDoNotDivideTheShards() {
        assertThat(faults("parallel={shard: 6, expert: 4}"))
                .contains(
                        "-s parallel: parallel.expert: is 4, which does not divide parallel.shard (6): a shard group is cut into runs of"
                                + " expert neighbours, of which each holds other experts; allowed are 1, 2");
    }

    @Test
    void shouldNameEveryMixtureThatCannotBeDivided() {
        assertThat(faults("parallel={shard: 8, expert: 8}"))
                .contains(
                        "-s parallel: parallel.expert: is 8, which does not divide the 4 experts of model.ffns.few: every rank holds as"
                                + " many, since all wait for the one that has most; allowed are 1, 2, 4",
                        "-s parallel: parallel.expert: is 8, which does not divide the 12 experts of model.ffns.many: every rank holds as"
                                + " many, since all wait for the one that has most; allowed are 1, 2, 4");
    }

    @Test
    void shouldNameTheNearestLayout() {
        assertThat(faults("parallel={shard: 6, expert: 4}"))
                .anySatisfy(
                        fault -> assertThat(fault)
                                .contains("replicate 1 x shard 6 x tensor 1 (expert 4) = 6 ranks does not fit")
                                .contains(
                                        "the nearest layout of 6 ranks that does is replicate 1 x shard 6 x tensor 1 (expert 2)"));
    }

    @Test
    void shouldRefuseToDivideExpertsOfAModelWithoutAny() {
        assertThat(faults(
                        "model.ffns={mlp: {type: swiglu, hidden: 176}}",
                        "model.pattern=[attn+mlp]",
                        "parallel={shard: 2, expert: 2}"))
                .contains(
                        "-s parallel: parallel.expert: is 2, but the model has no mixture of experts to divide; write 1, or remove the"
                                + " key");
    }

    @Test
    void shouldRefuseSavingsThatHaveNotBeenTriedThere() {
        assertThat(faults("parallel={shard: 4, expert: 2, zeropp: [qwz]}"))
                .anySatisfy(fault -> assertThat(fault).contains("parallel.zeropp: is [qwz], but expert is 2"));
    }
}
