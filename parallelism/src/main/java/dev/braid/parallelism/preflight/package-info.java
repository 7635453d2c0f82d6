/**
 * Checks of a host before ranks communicate on it. Facts are gathered in one place, judged in another, so that the judgement is
 * a pure function.
 */
package dev.braid.parallelism.preflight;
