package dev.braid.trainer.train;

import dev.braid.checkpoint.CheckpointReader;
import dev.braid.checkpoint.Checkpoints;
import dev.braid.data.Sample;
import dev.braid.data.tokenizer.Tokenizer;
import dev.braid.models.Decoder;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.parallelism.pipeline.MeasuredStep;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.trace.Recorder;
import dev.braid.trainer.config.Experiment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * One rank's part of a run, from its newest checkpoint to its last step. Everything it computes follows from the experiment
 * and the data, so that a run that was cut off and one that was not end with the same bits. Used by one thread.
 */
public final class TrainingRun {
    private static final String CONFIG_FILE = "config.yaml";
    private static final int PROMPT_TOKENS = 24;
    private static final int SAMPLE_TOKENS = 120;
    private static final double SAMPLE_TEMPERATURE = 0.7;
    private static final double SAMPLE_TOP_P = 0.95;

    private final Experiment experiment;
    private final TrainingData data;
    private final Compute compute;
    private final RankGroup ranks;
    private final Checkpoints checkpoints;
    private final Path output;
    private final Path folder;
    private final Consumer<TrainingEvent> events;
    private final BooleanSupplier stopRequested;
    private final Decoder model;
    private final AdamW optimizer;
    private final TrainStep trainer;
    private final StepTrace trace;
    private RunState state = RunState.START;
    private long savedStep = -1;

    /** Steps whose training has begun; the last one of them may not have settled. */
    private long begun;

    private final Deque<Timing> timings = new ArrayDeque<>();

    /** What a step took: seconds, and those of them in which it waited, by mesh axis. */
    private record Timing(double seconds, Map<String, Double> exposed) {}

    /**
     * Builds the model and brings it to the newest complete checkpoint in {@code output}, or to its first weights.
     *
     * @param output the run's folder, the same for all ranks
     * @param ranks who takes part; rank 0 tells of progress
     * @param events hears of progress, on the calling thread
     * @param stopRequested asked after every step; when true at any rank the run saves and ends
     */
    public TrainingRun(
            Experiment experiment,
            Path output,
            TrainingData data,
            Compute compute,
            RankGroup ranks,
            Consumer<TrainingEvent> events,
            BooleanSupplier stopRequested)
            throws IOException {
        this.experiment = experiment;
        this.data = data;
        this.compute = compute;
        this.ranks = ranks;
        this.events = ranks.rank() == 0 ? events : event -> {};
        this.stopRequested = stopRequested;
        this.output = output;
        this.folder = output.resolve("checkpoints");
        this.checkpoints = Checkpoints.in(folder);
        this.model = ranks.decoder(
                experiment.model(),
                data.vocabulary(),
                compute,
                experiment.precision().computeType());
        this.optimizer = new AdamW((AdamWConfig) experiment.optimizer(), model.parameters(), compute);
        this.trainer = new TrainStep(model, optimizer, StepSettings.of(experiment), ranks);
        this.trace = new StepTrace(trainer, compute, ranks);
        restore();
    }

    private void restore() throws IOException {
        long newest = newest();
        if (newest >= 0) {
            try (CheckpointReader checkpoint = checkpoints.open(newest, ranks.rank(), ranks.ranks())) {
                state = ModelCheckpoint.resume(checkpoint, model, optimizer);
                savedStep = newest;
            }
        } else if (experiment.init().from().isPresent()) {
            InitialWeights.load(Path.of(experiment.init().from().get()), model, experiment.seed(), events);
        } else {
            model.initialize(experiment.seed());
        }
    }

    /** The newest complete checkpoint as rank 0 sees it, so that all start from the same; -1 for none. */
    private long newest() throws IOException {
        long found = ranks.rank() == 0 ? checkpoints.latest().orElse(-1) : -1;
        return ByteBuffer.wrap(ranks.broadcast(
                        ByteBuffer.allocate(Long.BYTES).putLong(found).array()))
                .getLong();
    }

    /** The model being trained. */
    public Decoder model() {
        return model;
    }

    /** Tells {@code listener} of the phases of all steps until one is traced. */
    void record(Recorder listener) {
        trainer.record(listener);
    }

    /** Trains to the last step, or until a stop is requested. */
    public TrainingEvent.Ended run() throws IOException {
        int steps = experiment.train().steps();
        events.accept(new TrainingEvent.Started(
                state.step(),
                model.parameterCount(),
                model.activeParameterCount(),
                steps > state.step()
                        ? ranks.ranks()
                                * MatmulPeak.measure(
                                        experiment, compute.workers().cores())
                        : 0,
                compute.matmul().describe(),
                compute.workers().cores()));
        boolean stopped = false;
        begun = state.step();
        while (begun < steps && !stopped) {
            stopped = step(steps);
            if (stopped || due(begun, steps)) {
                report(trainer.settle(), steps);
                save();
            }
        }
        if (savedStep != state.step()) {
            save();
        }
        if (state.step() == steps && steps > 0) {
            data.tokenizer().ifPresent(this::sample);
        }
        return new TrainingEvent.Ended(
                state.step(), state.step() < steps, live(), compute.memory().peak());
    }

    /** Trains one step more; true when the run shall end. */
    private boolean step(int steps) {
        int share = experiment.batch().sequences() / ranks.dataRanks();
        long taken =
                state.samples() + (begun - state.step()) * experiment.batch().sequences();
        List<Sample> samples = samples(data, taken + (long) share * ranks.dataRank(), share);
        boolean traced = traced(begun + 1);
        if (traced) {
            trace.begin();
        }
        ranks.takeExposed();
        long start = System.nanoTime();
        boolean optimistic = experiment.pipeline().stepsOptimistically();
        List<SettledStep> settled = new ArrayList<>(
                trainer.advance(Math.toIntExact(begun), samples, optimistic && stopRequested.getAsBoolean()));
        begun++;
        if (traced || traced(begun + 1) || due(begun, steps) || evaluationDue(begun, steps)) {
            settled.addAll(trainer.settle());
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        Map<String, Double> exposed = new TreeMap<>();
        ranks.takeExposed().forEach((axis, nanos) -> exposed.put(axis, nanos / 1e9));
        timings.add(new Timing(seconds, exposed));
        if (traced) {
            Path file = output.resolve("trace-step-" + begun + ".json");
            events.accept(new TrainingEvent.Note(trace.end("step " + begun, file)));
            ranks.pipeline().ifPresent(this::tellActions);
        }
        report(settled, steps);
        // Asking all ranks would be the barrier that optimistic steps do without: their totals carry the wish.
        return optimistic ? settled.stream().anyMatch(SettledStep::stop) : ranks.any(stopRequested.getAsBoolean());
    }

    /** Tells when the actions of the step that was just traced ran. */
    private void tellActions(PipelineRank place) {
        PipelineMeasurement measurement = new PipelineMeasurement(ranks, place);
        measurement.add(trainer.measured(), trace.shift());
        for (MeasuredStep step : measurement.steps()) {
            events.accept(new TrainingEvent.Pipelined(
                    begun, step.ranks().stream().map(MeasuredStep::encode).toList()));
        }
    }

    private boolean traced(long step) {
        return experiment.train().trace().filter(traced -> traced == step).isPresent();
    }

    private void report(List<SettledStep> settled, int steps) {
        for (SettledStep each : settled) {
            report(each.result(), timings.remove(), steps);
        }
    }

    private void report(StepResult result, Timing timing, int steps) {
        state = state.after(result, experiment.batch().sequences(), timing.seconds);
        Evaluation validated =
                evaluationDue(state.step(), steps) ? trainer.validate(data.validation()) : Evaluation.NONE;
        double perSecond = result.tokens() / timing.seconds;
        events.accept(new TrainingEvent.Stepped(
                state.step(),
                result.loss(),
                result.gradientNorm(),
                result.learningRate(),
                perSecond,
                state.tokens(),
                validated.loss(),
                data.hasAnswers() ? validated.accuracy() : Double.NaN,
                perSecond * model.flopsPerToken(experiment.sequence()),
                compute.memory().peak(),
                result.skipped(),
                state.skipped(),
                data.epoch(state.samples() - 1),
                state.seconds(),
                timing.seconds,
                timing.exposed,
                result.moduleLosses(),
                result.routers()));
    }

    /** The samples of one step. */
    static List<Sample> samples(TrainingData data, long first, int count) {
        List<Sample> samples = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            samples.add(data.training(first + i));
        }
        return samples;
    }

    private boolean evaluationDue(long step, int steps) {
        if (data.validation().isEmpty()) {
            return false;
        }
        boolean regular = experiment
                .train()
                .validateEvery()
                .map(every -> step % every == 0)
                .orElse(false);
        return regular || step == steps;
    }

    private boolean due(long step, int steps) {
        return step == steps
                || experiment
                        .checkpoint()
                        .every()
                        .map(every -> step % every == 0)
                        .orElse(false);
    }

    private void save() throws IOException {
        long start = System.nanoTime();
        Map<String, byte[]> attachments = new TreeMap<>();
        attachments.put(CONFIG_FILE, experiment.toYaml().getBytes(StandardCharsets.UTF_8));
        data.tokenizer()
                .ifPresent(tokenizer -> tokenizer
                        .files()
                        .forEach((name, content) -> attachments.put(ModelCheckpoint.TOKENIZER_PREFIX + name, content)));
        ModelCheckpoint.save(checkpoints, ranks, model, optimizer, state, attachments);
        if (ranks.rank() == 0) {
            checkpoints.prune(experiment.checkpoint().keep());
        }
        savedStep = state.step();
        events.accept(new TrainingEvent.Saved(
                state.step(), folder.resolve("step-" + state.step()).toString(), (System.nanoTime() - start) / 1e9));
    }

    private void sample(Tokenizer tokenizer) {
        List<Sample> validation = data.validation();
        Sample source = validation.isEmpty() ? data.training(0) : validation.getFirst();
        int[] prompt = Arrays.copyOf(source.inputs(), Math.min(PROMPT_TOKENS, source.inputs().length / 2));
        if (prompt.length == 0) {
            return;
        }
        int count = Math.min(SAMPLE_TOKENS, experiment.model().context() - prompt.length);
        TokenChooser chooser = new TokenChooser(SAMPLE_TEMPERATURE, SAMPLE_TOP_P, experiment.seed());
        int[] continuation = ranks.pipeline()
                .map(place -> place.generation(model).run(prompt, count, chooser, tokenizer.endOfText()))
                .orElseGet(() -> Generation.run(model, prompt, count, chooser, tokenizer.endOfText(), token -> {}));
        events.accept(new TrainingEvent.Sampled(tokenizer.decode(prompt), tokenizer.decode(continuation)));
    }

    private Map<String, Long> live() {
        Map<String, Long> live = new TreeMap<>();
        for (Category category : Category.values()) {
            live.put(category.name(), compute.memory().live(category));
        }
        return live;
    }
}
