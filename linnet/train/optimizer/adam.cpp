// Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), as in torch.optim.
#include <algorithm>
#include <cmath>

#include "linnet/backend/backend.h"
#include "linnet/base/error.h"
#include "linnet/base/parallel.h"
#include "linnet/train/optimizer/state.h"

namespace linnet {
namespace {

// First and second moments of one parameter. Dense: the parameter's shape. By rows: only rows with a slot, in slot
// order.
struct Moments {
  Tensor m, v;
  bool by_rows = false;
  std::vector<std::int32_t> slot_of_row;  // -1: no gradient so far
  std::vector<std::int32_t> row_of_slot;

  std::int64_t live() const { return static_cast<std::int64_t>(row_of_slot.size()); }
  // True if every row has the slot of its own number: then one dense call suffices.
  bool dense() const {
    return !by_rows || (live() == static_cast<std::int64_t>(slot_of_row.size()) &&
                        std::is_sorted(row_of_slot.begin(), row_of_slot.end()));
  }
};

Tensor grown(const Tensor& old, std::int64_t rows, std::int64_t cols, Device device) {
  Tensor bigger = Tensor::zeros({rows, cols}, DType::kF32, device);
  if (old) bigger.slice(0, 0, old.size(0)).copy_from(old);
  return bigger;
}

class Adam final : public Optimizer {
 public:
  Adam(std::vector<nn::Parameter> parameters, const OptimizerOptions& options)
      : Optimizer(std::move(parameters)), options_(options), moments_(parameters_.size()) {
    for (std::size_t i = 0; i < moments_.size(); ++i) {
      const nn::Parameter& parameter = parameters_[i];
      moments_[i].by_rows = options.embedding_rows == EmbeddingRows::kTouched && nn::is_table(parameter.role);
      if (moments_[i].by_rows) moments_[i].slot_of_row.assign(static_cast<std::size_t>(parameter.tensor->size(0)), -1);
    }
  }

  std::size_t planned_bytes() const override {
    std::size_t bytes = 0;
    for (const nn::Parameter& parameter : parameters_) bytes += 2 * parameter.tensor->bytes();
    return bytes;
  }

  std::map<std::string, Tensor> state() const override {
    std::map<std::string, Tensor> all;
    for (std::size_t i = 0; i < moments_.size(); ++i) {
      const Moments& moments = moments_[i];
      const std::string& name = parameters_[i].name;
      Shape shape = parameters_[i].tensor->shape();
      if (moments.by_rows) shape[0] = moments.live();
      const auto saved = [&](const Tensor& t) {
        return !t ? Tensor::zeros(shape) : moments.by_rows ? t.slice(0, 0, moments.live()) : t;
      };
      all["exp_avg." + name] = saved(moments.m);
      all["exp_avg_sq." + name] = saved(moments.v);
      if (moments.by_rows) all["rows." + name] = Tensor::from(moments.row_of_slot);
    }
    return all;
  }

 protected:
  void update(std::size_t index, const Tensor& gradient, float learning_rate, float gradient_scale) override {
    Moments& moments = moments_[index];
    const nn::Parameter& parameter = parameters_[index];
    if (moments.by_rows)
      touch(moments, gradient, parameter.tensor->grad_state()->rows);
    else if (!moments.m) {
      moments.m = zeros_like(*parameter.tensor);
      moments.v = zeros_like(*parameter.tensor);
    }
    Backend& device = backend(parameter.tensor->device());
    AdamArgs args = arguments(parameter, learning_rate, gradient_scale);
    args.grad = address(gradient);
    if (moments.dense()) {
      if (!moments.m) return;
      args.m = address(moments.m);
      args.v = address(moments.v);
      args.n = parameter.tensor->numel();
      return device.adam(args);
    }
    update_rows(device, moments, args, parameter.tensor->size(1));
  }

  void restore(const SavedTensors& saved) override {
    refuse_unknown(saved, parameters_, {"exp_avg", "exp_avg_sq", "rows"});
    for (std::size_t i = 0; i < moments_.size(); ++i) restore_one(saved, parameters_[i], moments_[i]);
  }

 private:
  AdamArgs arguments(const nn::Parameter& parameter, float learning_rate, float gradient_scale) const {
    const auto t = static_cast<double>(steps_);
    AdamArgs args{};
    args.weight = address(*parameter.tensor);
    args.grad_scale = gradient_scale;
    args.learning_rate = learning_rate;
    args.beta1 = options_.beta1;
    args.beta2 = options_.beta2;
    args.eps = options_.eps;
    args.weight_decay = decays(parameter, options_) ? options_.weight_decay : 0;
    args.correction1 = static_cast<float>(1 - std::pow(static_cast<double>(options_.beta1), t));
    args.correction2 = static_cast<float>(1 - std::pow(static_cast<double>(options_.beta2), t));
    args.decoupled = options_.kind == OptimizerKind::kAdamW;
    return args;
  }

  // Assigns a slot to every row with a non-zero gradient; `known`: the rows that may have one.
  static void touch(Moments& moments, const Tensor& gradient, const std::optional<std::vector<std::int32_t>>& known) {
    const std::int64_t rows = gradient.size(0), cols = gradient.size(1);
    if (moments.live() == rows) return;
    std::vector<std::int32_t> without;  // rows that have no slot yet
    const std::int64_t count = known ? std::ssize(*known) : rows;
    for (std::int64_t i = 0; i < count; ++i) {
      const auto row = known ? (*known)[static_cast<std::size_t>(i)] : static_cast<std::int32_t>(i);
      if (moments.slot_of_row[static_cast<std::size_t>(row)] < 0) without.push_back(row);
    }
    std::vector<std::uint8_t> hit(without.size(), 0);
    backend(gradient.device()).nonzero_rows(address(gradient), cols, without, hit);
    for (std::size_t i = 0; i < without.size(); ++i) {
      if (!hit[i]) continue;
      moments.slot_of_row[static_cast<std::size_t>(without[i])] = static_cast<std::int32_t>(moments.row_of_slot.size());
      moments.row_of_slot.push_back(without[i]);
    }
    const std::int64_t live = moments.live(), room = moments.m ? moments.m.size(0) : 0;
    if (live <= room) return;
    const std::int64_t size = std::min(rows, std::max(live, room + room / 2));
    moments.m = grown(moments.m, size, cols, gradient.device());
    moments.v = grown(moments.v, size, cols, gradient.device());
  }

  static void update_rows(Backend& device, const Moments& moments, const AdamArgs& all, std::int64_t cols) {
    float *const m = address(moments.m), *const v = address(moments.v);
    parallel_for(moments.live(), 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t slot = begin; slot < end; ++slot) {
        const std::int64_t row = moments.row_of_slot[static_cast<std::size_t>(slot)];
        AdamArgs args = all;
        args.weight += row * cols;
        args.grad += row * cols;
        args.m = m + slot * cols;
        args.v = v + slot * cols;
        args.n = cols;
        device.adam(args);
      }
    });
  }

  static void restore_one(const SavedTensors& saved, const nn::Parameter& parameter, Moments& moments) {
    Shape shape = parameter.tensor->shape();
    if (moments.by_rows) {
      std::fill(moments.slot_of_row.begin(), moments.slot_of_row.end(), -1);
      moments.row_of_slot.clear();
      for (const std::int32_t row : saved_tensor(saved, "rows." + parameter.name, DType::kI32).data<std::int32_t>()) {
        check(row >= 0 && row < shape[0] && moments.slot_of_row[static_cast<std::size_t>(row)] < 0,
              ErrorKind::kBadInput,
              "{}: 'rows.{}' names row {}, which is outside or repeated; the file was changed: go on from an older "
              "checkpoint",
              saved.place, parameter.name, row);
        moments.slot_of_row[static_cast<std::size_t>(row)] = static_cast<std::int32_t>(moments.row_of_slot.size());
        moments.row_of_slot.push_back(row);
      }
      shape[0] = moments.live();
    }
    moments.m = restored(saved, "exp_avg." + parameter.name, shape, Sign::kAny, parameter.tensor->device());
    moments.v = restored(saved, "exp_avg_sq." + parameter.name, shape, Sign::kNotNegative, parameter.tensor->device());
  }

  OptimizerOptions options_;
  std::vector<Moments> moments_;
};

}  // namespace

std::unique_ptr<Optimizer> make_adam(std::vector<nn::Parameter> parameters, const OptimizerOptions& options) {
  return std::make_unique<Adam>(std::move(parameters), options);
}

}  // namespace linnet
