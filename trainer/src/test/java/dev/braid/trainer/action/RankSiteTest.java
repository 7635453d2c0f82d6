package dev.braid.trainer.action;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Reach;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.mesh.Placement;
import dev.braid.parallelism.mesh.Site;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.plan.PipelinePlan;
import dev.braid.trainer.plan.PlanInput;
import dev.braid.trainer.spark.RankContext;
import dev.braid.trainer.spark.RankMember;
import dev.braid.trainer.train.PipelineLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RankSiteTest {
    private static final Path OUTPUT = Path.of("runs/here");

    private static final String YAML = """
            model:
              dim: 32
              layers: 1
              context: 16
              mixers: {attn: {type: attention, heads: 4}}
              ffns: {mlp: {type: swiglu, hidden: 88}}
              pattern: [attn+mlp]
            data: {sources: [{path: texts}]}
            batch: {sequences: 4}
            train: {steps: 1}
            optimizer: {type: adamw, lr: 1.0e-3}
            parallel: {shard: 2}
            """;

    private static CommunicationSettings communication(List<RankMember> members, String... overrides) {
        Experiment experiment = Experiment.parse("here.yaml", YAML, List.of(overrides));
        return new RankSite(new Met(members, 1), experiment).communication(OUTPUT);
    }

    private static RankMember rank(int number, String host, long process) {
        return new RankMember(number, host, "kernel of " + host, "executor of " + process, process, 1, "");
    }

    private static final List<RankMember> ONE_JVM = List.of(rank(0, "a", 10), rank(1, "a", 10));
    private static final List<RankMember> ONE_HOST = List.of(rank(0, "a", 10), rank(1, "a", 11));
    private static final List<RankMember> TWO_HOSTS = List.of(rank(0, "a", 10), rank(1, "b", 10));

    @Test
    void shouldTakeTheTransportsThatReachAllRanks() {
        assertThat(communication(ONE_JVM).reach()).isEqualTo(Reach.PROCESS);
        assertThat(communication(ONE_HOST).reach()).isEqualTo(Reach.HOST);
        assertThat(communication(TWO_HOSTS).reach()).isEqualTo(Reach.NETWORK);
    }

    @Test
    void shouldCommunicateAsTheRunAndTheConfigSay() {
        CommunicationSettings settings = communication(ONE_JVM, "parallel.timeout=3s");
        assertThat(settings.runId()).isEqualTo("0123456789abcdef");
        assertThat(settings.attempt()).isEqualTo(2);
        assertThat(settings.deadline()).isEqualTo(Duration.ofSeconds(3));
        assertThat(settings.flightFolder()).hasValue(OUTPUT.resolve("flight"));
    }

    @Test
    void shouldRefuseATransportThatDoesNotReachAllRanks() {
        assertThat(communication(ONE_JVM, "parallel.transport=shared").transport())
                .isEqualTo("shared");
        assertThatThrownBy(() -> communication(ONE_HOST, "parallel.transport=shared"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("parallel.transport: is shared, which joins ranks of one JVM, but these are in several"
                        + " executors; write auto, or remove the key");
        assertThat(communication(ONE_HOST, "parallel.transport=ipc").transport())
                .isEqualTo("ipc");
        assertThatThrownBy(() -> communication(TWO_HOSTS, "parallel.transport=ipc"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "parallel.transport: is ipc, which joins ranks of one host, but these are on a, b; write auto,"
                                + " or remove the key");
    }

    /** Every core has scratch memory of its own, but a schedule is made, and its limit checked, for one. */
    @Test
    void shouldHoldTheMemoryLimitToTheNeedOfOneCore() {
        List<String> overrides = List.of(
                "parallel={pipeline: 2}", "batch.microbatch=2", "pipeline.optimistic_step=true", "data.tokenizer=byte");
        Experiment free = Experiment.parse("here.yaml", YAML, overrides);
        PipelineLayout layout = PipelineLayout.of(free, 257, Optional.empty()).orElseThrow();
        long needed = PipelinePlan.of(PlanInput.of(free, 257, 1), layout.schedule(), layout.split(), true)
                .total();
        RankSite enough = site(overrides, needed);
        RankSite little = site(overrides, needed - 1);

        assertThatCode(() -> enough.requireRoomToUndo(layout, 257)).doesNotThrowAnyException();
        assertThatThrownBy(() -> little.requireRoomToUndo(layout, 257))
                .hasMessageStartingWith("pipeline.optimistic_step: is true, but undoing a step takes ");
    }

    /** A rank with 8 cores. */
    private static RankSite site(List<String> overrides, long limit) {
        List<String> all = new ArrayList<>(overrides);
        all.add("pipeline.memory_limit=" + limit);
        return new RankSite(new Met(ONE_JVM, 8), Experiment.parse("here.yaml", YAML, all));
    }

    /** Rank 0 of ranks that have met, in the third attempt. */
    private record Met(List<RankMember> members, int cores) implements RankContext {
        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int ranks() {
            return members.size();
        }

        @Override
        public int attempt() {
            return 2;
        }

        @Override
        public Mesh mesh() {
            return Mesh.of(1, members.size(), 1);
        }

        @Override
        public Placement placement() {
            return Placement.of(
                    mesh(),
                    members.stream()
                            .map(member -> new Site(member.host(), member.executor()))
                            .toList());
        }

        @Override
        public String runId() {
            return "0123456789abcdef";
        }

        @Override
        public byte[] secret() {
            return new byte[32];
        }

        @Override
        public List<String> allGather(String text) {
            return List.of(text, text);
        }

        @Override
        public void emit(String json) {}

        @Override
        public boolean stopRequested() {
            return false;
        }

        @Override
        public boolean cancelled() {
            return false;
        }
    }
}
